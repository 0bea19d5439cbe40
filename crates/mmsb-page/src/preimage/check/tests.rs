//! Each broken invariant of pre-images is told by its own words.

use std::time::Duration;

use mmsb_types::{Epoch, PageId};

use crate::{Need, PageStore, sync::Ordering};

const ONE: PageId = PageId::new(1);

/// Saves a page twice, breaks something, and compares what the check says.
#[track_caller]
fn check(spoil: impl FnOnce(&PageStore, [u32; 2]), expect: &[&str]) {
    let store = PageStore::new();
    store.prepare(ONE, 100).unwrap().publish(Epoch::new(1));
    let committer = store.committers().acquire(Duration::ZERO).unwrap();
    let pins = [1, 2].map(|number| {
        let pin = store.pin(|| Epoch::new(number));
        assert!(store.stash(&committer, Need::of(1, 100)));
        let mut writer = store.try_lock(ONE, &committer).unwrap().unwrap().into_writer();
        writer.preserve(Epoch::new(number + 1));
        writer.publish(Epoch::new(number + 1));
        pin
    });
    assert_eq!(store.check(), []);
    let newest = store.table.entry(ONE).unwrap().ver().load(Ordering::Relaxed);
    spoil(&store, [newest, store.preimages.chunks.record(newest).unwrap().next]);
    let found: Vec<String> = store.check().iter().map(ToString::to_string).collect();
    assert_eq!(found, expect);
    drop(pins);
}

#[test]
fn a_head_that_leads_nowhere_is_found() {
    check(
        |store, _| store.table.entry(ONE).unwrap().ver().store(1 << 20, Ordering::Relaxed),
        &["page/chain-link at page:1: link 1048576 leads to no record of this page"],
    );
}

#[test]
fn a_record_of_another_page_is_found() {
    let spoil = |store: &PageStore, [_, old]: [u32; 2]| store.preimages.chunks.set_unlinked(old);
    check(spoil, &["page/chain-link at page:1: link 1 leads to no record of this page"]);
}

#[test]
fn a_chain_out_of_order_is_found() {
    let spoil = |store: &PageStore, [new, old]: [u32; 2]| {
        store.preimages.chunks.set_chain_next(old, new, Ordering::Relaxed);
        store.table.entry(ONE).unwrap().ver().store(old, Ordering::Relaxed);
    };
    check(spoil, &["page/chain-order at page:1: [2, 3) is followed by 1"]);
}

#[test]
fn a_chunk_that_is_nobodys_is_found() {
    check(
        |store, _| assert!(store.preimages.chunks.take_new().is_some()),
        &["page/chunk-lost at the whole: 0 sealed, 1 in stashes, 94 free, of 96"],
    );
}
