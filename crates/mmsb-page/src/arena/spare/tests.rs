//! Which free slots keep their memory.

use std::time::Duration;

use mmsb_types::{Epoch, PageId, Span};

use super::{Ordering, SPARE_BYTES_MIN};
use crate::{PageStore, StoreStats};

const COUNT: u64 = 64;
const PAGE_BYTES: u32 = 60_000;

/// Bears pages full of ones, ends all of them, and lets as many slots as may be go bare.
fn emptied() -> PageStore {
    let store = PageStore::new();
    let committer = store.committers().acquire(Duration::ZERO).unwrap();
    bear(&store, 1);
    for page in (1..=COUNT).map(PageId::new) {
        store.lock_wait(page, &committer).unwrap().into_writer().retire(Epoch::new(2));
    }
    (0..COUNT).for_each(|_| drop(store.prepare(PageId::new(COUNT + 1), 1).unwrap()));
    drop(committer);
    store
}

fn bear(store: &PageStore, epoch: u64) {
    for page in (1..=COUNT).map(PageId::new) {
        let mut new = store.prepare(page, PAGE_BYTES).unwrap();
        assert!(new.bytes().iter().all(|&byte| byte == 0), "{page} is born with what was before");
        new.fill(Span::new(0, PAGE_BYTES), 0xff);
        new.publish(Epoch::new(epoch));
    }
}

#[test]
fn free_slots_beyond_their_share_go_bare_and_live_again_clean() {
    let store = emptied();
    let stats = store.stats();
    let kept = stats.free_bytes - stats.bare_bytes;
    // A slot keeps its ends: less than two blocks.
    assert!(kept <= SPARE_BYTES_MIN + 2 * 4096 * COUNT, "{stats:?}");
    assert!(store.arena.spare_bytes.load(Ordering::Relaxed) > SPARE_BYTES_MIN / 2, "{stats:?}");
    assert_eq!(store.check(), []);
    bear(&store, 3);
    let StoreStats { bare_bytes, free_bytes, .. } = store.stats();
    // The small slot of the ids that were never born is still free.
    assert_eq!((bare_bytes, free_bytes), (0, 64));
    assert_eq!(store.check(), []);
}

#[test]
fn a_share_of_what_lives_is_kept() {
    let store = PageStore::new();
    bear(&store, 1);
    store.arena.trim(0);
    let (one, two) = (store.prepare(PageId::new(90), PAGE_BYTES), store.prepare(PageId::new(91), 16 << 20));
    drop((one.unwrap(), two.unwrap()));
    assert_eq!(store.stats().bare_bytes, 0);
    let is_enough = (17 << 20) * super::LIVE_PER_SPARE;
    store.arena.trim(is_enough);
    assert_eq!(store.stats().bare_bytes, 0);
    store.arena.trim(is_enough / 2);
    // The largest goes first, but for the block that holds its link.
    assert_eq!(store.stats().bare_bytes, (16 << 20) - 4096);
    assert_eq!(store.check(), []);
}

#[test]
fn a_byte_inside_a_bare_slot_is_found() {
    let store = emptied();
    let slot = store.arena.free_slots().bare[0];
    store.arena.words(slot).store(9000, &[1]);
    let found = store.check();
    assert_eq!((found.len(), found[0].rule), (1, "page/bare-zero"));
}
