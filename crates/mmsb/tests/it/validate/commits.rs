//! Commits that are whole, record by record, and do not fit what was before them.

use mmsb::{GraphEvent, PageId, Span};
use mmsb_delta::Patch;

use super::found;
use crate::{
    graph::forged::{added, fresh},
    hostile::forge::{Forged, created, deleted, named},
};

/// Two pages of eight bytes, then these.
fn behind_pages(commits: impl IntoIterator<Item = Forged>) -> String {
    let pages = Forged::events(&[created(1, Some("a")), created(2, None)]);
    found(&[pages].into_iter().chain(commits).collect::<Vec<_>>())
}

#[track_caller]
fn check(commit: Forged, expect: &str) {
    assert_eq!(behind_pages([commit, Forged::patch(1, 0, b"behind")]), expect);
}

#[test]
fn a_log_of_commits_that_fit_is_sound() {
    check(Forged::patch(1, 0, b"fits"), "");
}

#[test]
fn a_delta_to_a_page_that_does_not_live_then_is_an_orphan() {
    check(Forged::patch(7, 0, b"x"), "delta/page-lives at e2: entry 0: page:7 does not exist");
    let dead = [Forged::events(&[deleted(2)]), Forged::patch(2, 0, b"late")];
    assert_eq!(behind_pages(dead), "delta/page-lives at e3: entry 0: page:2 does not exist");
}

#[test]
fn a_delta_that_passes_its_page_is_told() {
    let passes = "delta/fits-page at e2: entry 0: page:1: run 7+2 passes the page's end at 8";
    check(Forged::patch(1, 7, b"xy"), passes);
    let short = Forged::of(1, Patch::PageFill { page_bytes: 7, byte: 1 });
    check(short, "delta/fits-page at e2: entry 0: page:1: whole-page patch of 7 bytes, the page has 8");
}

#[test]
fn deltas_of_one_commit_that_overlap_are_told() {
    let mut twice = Forged::patch(1, 0, b"abcd");
    twice.batch.push(PageId::new(1), Patch::Fill { span: Span::new(3, 2), byte: 0 });
    check(twice, "delta/no-overlap at e2: page:1: page:1: runs 0+4 and 3+2 of one batch overlap");
}

#[test]
fn events_that_do_not_fit_are_told() {
    check(Forged::events(&[created(1, None)]), "log/lives-fit at e2: page:1 is created while it lives");
    check(Forged::events(&[deleted(3)]), "log/lives-fit at e2: page:3 does not exist");
    check(Forged::events(&[named(2, "a")]), "log/names-fit at e2: page:2 gets the name of page:1");
}

#[test]
fn changes_of_the_graph_that_do_not_fit_are_told() {
    let graph = |events: &[GraphEvent]| Forged::graph(events);
    check(graph(&[added(1, 9)]), "log/graph-fits at e2: page:9 does not exist");
    check(
        graph(&[added(1, 1)]),
        "log/graph-fits at e2: edge page:1 -> page:1 closes the cycle page:1 -> page:1",
    );
    check(graph(&[fresh(2)]), "log/graph-fits at e2: page:2 is fresh already");
}

#[test]
fn sections_that_say_nothing_sensible_are_told() {
    let label = Forged { label: vec![1; 7], ..Forged::default() };
    check(label, "log/sections-readable at e2: section 7 is not a number");
    let graph = Forged { graph_bytes: vec![16, 0, 0], ..Forged::default() };
    check(graph, "log/sections-readable at e2: graph event at section offset 0: cut short");
}

#[test]
fn everything_that_is_wrong_is_told_and_what_fits_counts() {
    let mut both = Forged::patch(7, 0, b"x");
    both.batch.push(PageId::new(1), Patch::Bytes { offset: 8, bytes: b"y" });
    both.events = vec![deleted(3), created(3, None)];
    let found = behind_pages([both, Forged::patch(3, 0, b"it lives"), Forged::patch(4, 0, b"z")]);
    insta::assert_snapshot!(found, @"
    log/lives-fit at e2: page:3 does not exist
    delta/page-lives at e2: entry 0: page:7 does not exist
    delta/fits-page at e2: entry 1: page:1: run 8+1 passes the page's end at 8
    delta/page-lives at e4: entry 0: page:4 does not exist
    ");
}
