//! Graphs that no bus would log are refused with the commit named, by however many threads.

use mmsb::GraphEvent;

use super::forged::{added, derived, fresh, log, removed, stale, underived};
use crate::hostile::forge::{Forged, created, deleted, open, refused};

#[test]
fn a_graph_that_does_not_fit_is_named() {
    let check = |lists: &[&[GraphEvent]], what: &str| refused(&log(lists), what);
    check(&[&[added(1, 2)], &[added(1, 2)]], "the edge page:1 -> page:2 (data) is there already");
    check(&[&[removed(1, 2)]], "there is no edge page:1 -> page:2 (data)");
    check(
        &[&[added(1, 2), added(2, 1)]],
        "edge page:2 -> page:1 closes the cycle page:2 -> page:1 -> page:2",
    );
    check(&[&[added(3, 3)]], "edge page:3 -> page:3 closes the cycle page:3 -> page:3");
    check(&[&[derived(3, "f", &[1, 3])]], "edge page:3 -> page:3 closes the cycle page:3 -> page:3");
    check(&[&[derived(3, "f", &[1])], &[derived(3, "g", &[1])]], "page:3 is derived already");
    check(&[&[added(1, 3), derived(3, "f", &[1])]], "the edge page:1 -> page:3 (data) is there already");
    check(&[&[derived(3, "f", &[1])], &[added(2, 3)]], "page:3 is derived already");
    check(&[&[derived(3, "f", &[1])], &[removed(1, 3)]], "page:3 is derived already");
    check(&[&[underived(3)]], "page:3 is not derived");
    check(&[&[stale(2)]], "page:2 is stale, and no edge leads to it");
    check(&[&[added(1, 2), stale(2)], &[stale(2)]], "page:2 is stale already");
    check(&[&[added(1, 2)], &[fresh(2)]], "page:2 is fresh already");
    check(&[&[added(1, 2), stale(2)], &[removed(1, 2)]], "page:2 is stale, and no edge leads to it");
}

#[test]
fn a_page_that_does_not_live_is_in_no_edge() {
    refused(&log(&[&[added(1, 9)]]), "page:9 does not exist");
    refused(&log(&[&[added(8, 1), added(9, 1)]]), "page:8 does not exist");
    refused(&log(&[&[derived(2, "f", &[1, 7])]]), "page:7 does not exist");
    let mut commits = log(&[&[added(1, 2)]]);
    commits.push(Forged::events(&[deleted(2)]));
    refused(&commits, "page:2 is deleted and has edges");
    let mut born_late = Forged::graph(&[added(1, 5)]);
    let mut commits = log(&[]);
    commits.push(Forged::graph(&[added(1, 5)]));
    refused(&commits, "page:5 does not exist");
    born_late.events = vec![created(5, None)];
    *commits.last_mut().unwrap() = born_late;
    assert_eq!(open(&commits).unwrap().graph().unwrap().edge_count(), 1);
}

#[test]
fn the_first_thing_that_does_not_fit_is_told_whoever_finds_it() {
    let mut patch = Forged::patch(7, 0, b"x");
    patch.graph = vec![added(1, 9)];
    let mut commits = log(&[]);
    commits.push(patch);
    refused(&commits, "page:7 does not exist");
    let mut label = Forged::graph(&[added(2, 1), added(1, 8)]);
    label.label = vec![1; 7];
    let mut commits = log(&[]);
    commits.push(label);
    refused(&commits, "page:8 does not exist");
}

#[test]
fn bytes_that_are_no_graph_events_are_named() {
    let mut commits = log(&[]);
    commits.push(Forged { graph_bytes: vec![16, 0, 0], ..Forged::default() });
    refused(&commits, "graph event at section offset 0: cut short");
}
