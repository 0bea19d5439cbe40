//! What a store says was changed since an epoch is what a snapshot may show otherwise, and little more.

use std::collections::BTreeMap;

use mmsb_page::PageStore;
use mmsb_types::Epoch;
use proptest::{collection::vec, prelude::*};

use crate::{born, committer, epoch, page};

/// Compares the pages changed since with a list of numbers.
#[track_caller]
fn check(store: &PageStore, since: u64, expect: &[u64]) {
    let found: Vec<u64> = store.changed_since(epoch(since)).map(|page| page.get()).collect();
    assert_eq!(found, expect, "since e{since}");
}

fn change(store: &PageStore, number: u64, at: Epoch) {
    let committer = committer(store);
    store.lock_wait(page(number), &committer).unwrap().into_writer().publish(at);
}

fn end(store: &PageStore, number: u64, at: Epoch) {
    let committer = committer(store);
    store.lock_wait(page(number), &committer).unwrap().into_writer().retire(at);
}

#[test]
fn an_empty_store_has_no_changes() {
    check(&PageStore::new(), 0, &[]);
}

#[test]
fn births_and_changes_show_until_their_epoch() {
    let store = PageStore::new();
    for (number, at) in [(1, 1), (63, 2), (64, 3), (4095, 4), (4096, 5), (200_000, 6)] {
        born(&store, page(number), b"x", epoch(at));
    }
    change(&store, 1, epoch(7));
    check(&store, 0, &[1, 63, 64, 4095, 4096, 200_000]);
    check(&store, 3, &[1, 4095, 4096, 200_000]);
    check(&store, 6, &[1]);
    check(&store, 7, &[]);
}

#[test]
fn a_page_that_is_held_shows_whatever_its_age() {
    let store = PageStore::new();
    born(&store, page(5), b"x", epoch(1));
    born(&store, page(6), b"x", epoch(1));
    let committer = committer(&store);
    let lock = store.try_lock(page(6), &committer).unwrap().unwrap();
    check(&store, 9, &[6]);
    drop(lock);
    check(&store, 9, &[]);
}

#[test]
fn a_page_that_ended_shows_for_those_who_saw_it_live() {
    let store = PageStore::new();
    born(&store, page(5), b"x", epoch(2));
    let _pin = store.pin(|| epoch(2));
    end(&store, 5, epoch(3));
    check(&store, 1, &[5]);
    check(&store, 3, &[]);
}

proptest! {
    #[test]
    fn what_shows_is_exactly_what_is_later(
        deeds in vec((1..300u64, any::<bool>()), 1..80),
        since in 0..90u64,
    ) {
        let store = PageStore::new();
        let mut last: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
        for (at, (number, ends)) in (1..).zip(deeds) {
            match last.get(&number) {
                Some((_, true)) if ends => end(&store, number, epoch(at)),
                Some((_, true)) => change(&store, number, epoch(at)),
                _ => born(&store, page(number), b"bytes", epoch(at)),
            }
            let lives = last.get(&number).is_none_or(|&(_, lives)| !lives || !ends);
            last.insert(number, (at, lives));
        }
        let later: Vec<u64> =
            last.iter().filter(|(_, (at, _))| *at > since).map(|(&number, _)| number).collect();
        check(&store, since, &later);
        let runs = store.survey(epoch(since));
        let surveyed: Vec<(u64, bool)> = runs
            .flat_map(|(page, count, differs)| (0..u64::from(count)).map(move |at| (page.get() + at, differs)))
            .collect();
        let shown = last.iter().filter(|(_, (at, lives))| *at > since || *lives);
        let expect: Vec<_> = shown.map(|(&number, (at, _))| (number, *at > since)).collect();
        prop_assert_eq!(surveyed, expect);
    }
}
