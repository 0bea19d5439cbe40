//! What the table counts of its blocks.

use std::time::Duration;

use mmsb_types::{Epoch, PageId};

use super::{BLOCK_IDS, Ordering, meta};
use crate::PageStore;

/// Bears and ends `ids`, then asks the store to forget what it can.
fn pass_over(store: &PageStore, ids: std::ops::Range<u64>, death: u64) {
    let committer = store.committers().acquire(Duration::ZERO).unwrap();
    for page in ids.map(PageId::new) {
        store.prepare(page, 8).unwrap().publish(Epoch::new(1));
        store.lock_wait(page, &committer).unwrap().into_writer().retire(Epoch::new(death));
    }
    store.forget_dead();
}

/// Spoils the words of a store with one page, number 5, and compares what the check says.
#[track_caller]
fn check(spoil: impl FnOnce(&super::Blocks), expect: &str) {
    let store = PageStore::new();
    store.prepare(PageId::new(5), 8).unwrap().publish(Epoch::new(1));
    assert_eq!(store.check(), []);
    spoil(&store.table.blocks);
    let found: Vec<String> = store.check().iter().map(ToString::to_string).collect();
    assert_eq!(found, [format!("page/block-count at the whole: {expect}")]);
}

#[test]
fn a_wrong_count_of_a_block_is_found() {
    let spoil = |blocks: &super::Blocks| blocks.block(0).unwrap().count.store(2, Ordering::Relaxed);
    check(spoil, "block 0: 2 counted, 1 live, 0 without a mark");
    let spoil = |blocks: &super::Blocks| blocks.used_count.store(7, Ordering::Relaxed);
    check(spoil, "7 blocks counted as used, not 1");
}

#[test]
fn a_living_page_without_a_mark_is_found() {
    let store = PageStore::new();
    store.prepare(PageId::new(5), 8).unwrap().publish(Epoch::new(1));
    store.table.blocks.block(0).unwrap().used.store(2, Ordering::Relaxed);
    let found = store.check_blocks();
    assert_eq!((found.len(), found[0].rule), (1, "page/block-count"));
}

fn is_forgotten(store: &PageStore, id: u64) -> bool {
    let entry = store.table.entry(PageId::new(id)).unwrap();
    meta::epoch(entry.meta().load(Ordering::Relaxed)).get() == 0 && entry.directory().is_free()
}

#[test]
fn a_block_of_dead_pages_is_forgotten_and_its_ids_live_again() {
    let store = PageStore::new();
    store.prepare(PageId::new(5), 8).unwrap().publish(Epoch::new(1));
    pass_over(&store, BLOCK_IDS..3 * BLOCK_IDS, 2);
    assert!(is_forgotten(&store, BLOCK_IDS) && is_forgotten(&store, 2 * BLOCK_IDS + 7));
    assert!(store.pages().eq([PageId::new(5)]));
    assert_eq!(store.check(), []);
    assert_eq!(store.stats().table_bytes, BLOCK_IDS * 24);
    let again = PageId::new(BLOCK_IDS + 1);
    store.prepare(again, 8).unwrap().publish(Epoch::new(3));
    assert!(store.pages().eq([PageId::new(5), again]));
    assert_eq!((store.epoch(again), store.check()), (Some(Epoch::new(3)), vec![]));
}

#[test]
fn a_block_stays_while_a_page_lives_or_is_being_made() {
    let store = PageStore::new();
    let new = store.prepare(PageId::new(BLOCK_IDS + 9), 8).unwrap();
    pass_over(&store, BLOCK_IDS..BLOCK_IDS + 9, 2);
    pass_over(&store, 2 * BLOCK_IDS..3 * BLOCK_IDS, 2);
    assert!(!is_forgotten(&store, BLOCK_IDS));
    new.publish(Epoch::new(2));
    store.forget_dead();
    assert!(!is_forgotten(&store, BLOCK_IDS));
    assert_eq!(store.pages().count(), 1);
}

#[test]
fn a_block_stays_for_a_snapshot_older_than_a_death() {
    let store = PageStore::new();
    let pin = store.pin(|| Epoch::new(4));
    pass_over(&store, BLOCK_IDS..2 * BLOCK_IDS, 5);
    assert!(!is_forgotten(&store, BLOCK_IDS));
    pass_over(&store, 2 * BLOCK_IDS..3 * BLOCK_IDS, 4);
    assert!(is_forgotten(&store, 2 * BLOCK_IDS) && !is_forgotten(&store, BLOCK_IDS));
    drop(pin);
    pass_over(&store, 3 * BLOCK_IDS..4 * BLOCK_IDS, 6);
    assert!(is_forgotten(&store, BLOCK_IDS));
}
