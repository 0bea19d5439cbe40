//! Reasons that a commit tells for computed pages, and cannot have.

use mmsb::PageId;
use mmsb_delta::Patch;

use super::found;
use crate::{
    graph::forged::{derived, log},
    hostile::forge::{Forged, deleted},
};

/// A commit that writes these pages and tells that it computed some of them for others.
fn computed(written: &[u64], causes: &[(u64, &[u64])]) -> Forged {
    let mut forged = Forged::default();
    for &page in written {
        forged.batch.push(PageId::new(page), Patch::Bytes { offset: 0, bytes: b"new" });
    }
    forged.cause = vec![2];
    for (page, inputs) in causes {
        forged.cause.push(page | (inputs.len() as u64) << 40);
        forged.cause.extend(*inputs);
    }
    forged
}

/// Page 3 is derived from pages 1 and 2; page 4 is nobody's.
#[track_caller]
fn check(commit: Forged, expect: &str) {
    let mut commits = log(&[&[derived(3, "f", &[1, 2])]]);
    commits.push(commit);
    assert_eq!(found(&commits), expect);
}

#[test]
fn a_reason_that_was_there_is_not_told() {
    check(computed(&[1, 3], &[(3, &[1])]), "");
    check(computed(&[1, 2, 3], &[(3, &[1, 2])]), "");
    check(Forged::patch(4, 0, b"by hand"), "");
}

#[test]
fn a_computed_page_must_be_derived_and_changed() {
    check(
        computed(&[4], &[(4, &[])]),
        "provenance/computed-is-derived at e3: page:4\nprovenance/computed-for-a-reason at e3: page:4",
    );
    check(computed(&[1], &[(3, &[1])]), "provenance/computed-is-written at e3: page:3");
    check(computed(&[3], &[(3, &[])]), "provenance/computed-for-a-reason at e3: page:3");
}

#[test]
fn an_input_must_live_have_an_edge_and_have_changed() {
    check(computed(&[3], &[(3, &[1])]), "provenance/input-changed at e3: page:3 computed for page:1");
    check(computed(&[3, 4], &[(3, &[4])]), "provenance/input-has-edge at e3: page:3 computed for page:4");
    let mut gone = computed(&[3], &[(3, &[4])]);
    gone.events = vec![deleted(4)];
    check(
        gone,
        "provenance/input-lives at e3: page:3 computed for page:4\n\
                 provenance/input-has-edge at e3: page:3 computed for page:4\n\
                 provenance/input-changed at e3: page:3 computed for page:4",
    );
}

#[test]
fn a_derived_page_that_nobody_computed_is_told() {
    check(Forged::patch(3, 0, b"by hand"), "provenance/derived-is-computed at e3: page:3");
}

#[test]
fn a_rewind_goes_back() {
    check(Forged { cause: vec![1, 1], ..Forged::default() }, "");
    let forward = Forged { cause: vec![1, 3], ..Forged::default() };
    check(forward, "provenance/rewind-goes-back at e3: to e3");
}

#[test]
fn a_reason_that_cannot_be_read_is_told() {
    let cut = Forged { cause: vec![2, 3 | 1 << 40], ..Forged::default() };
    check(cut, "provenance/readable at e3: a cause is cut short");
}
