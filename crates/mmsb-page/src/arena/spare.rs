//! Free slots that are worth their memory, and the rest, whose memory goes back to the system.
//!
//! A freed slot serves pages of its class alone. While pages of all sizes come and go, every class keeps as
//! many slots as it ever needed at once; the sum is more than was ever needed. So the free slots of the larger
//! classes may take a share of what the living pages take. Beyond that they go *bare*: the whole blocks inside
//! the slot are given back, and the slot moves to a list of its own, from which it serves when no other is free.
//!
//! Readers of the page that had the slot may still look at it. They see zeros, which they take for bytes of the
//! page no more than those of a next owner: before it gives back memory, the system interrupts every processor
//! that runs the process, so who sees a zero also sees what was stored before, the end of the page.
//!
//! Invariant: the whole blocks inside a bare slot are zero; its first word is a link; the rest is anything.

use std::ops::Range;

use super::Arena;
use crate::{
    class::{CLASS_COUNT, SizeClass, UNIT_BYTES},
    directory::Slot,
    sync::{Ordering, lock, try_lock},
};

/// The system's blocks. Where they are larger it refuses, and slots keep their memory.
const BLOCK_BYTES: u64 = 4096;
/// The smallest slot that has a whole block inside, wherever it lies.
const LEAST: SizeClass = SizeClass::of(2 * BLOCK_BYTES as u32);
/// Living bytes that allow for one spare byte; and spare bytes that are allowed anyway.
const LIVE_PER_SPARE: u64 = 64;
const SPARE_BYTES_MIN: u64 = 1 << 20;
/// Slots that one call makes bare.
const SLOTS_MAX: usize = 8;

/// Tells whether slots of this class can go bare.
#[inline]
pub(super) fn is_large(class: SizeClass) -> bool {
    class >= LEAST
}

/// Returns the addresses of the whole blocks inside a large slot, but for the one that holds its link.
pub(crate) fn inside(slot: Slot) -> Range<u64> {
    let end = slot.address() + slot.class.bytes() as u64;
    (slot.address() + 1).next_multiple_of(BLOCK_BYTES)..end / BLOCK_BYTES * BLOCK_BYTES
}

impl Arena {
    /// Gives back memory of free slots, if they take much more than their share of `live_bytes`. Called now and
    /// then, while nothing is held; bounded, and waits for nobody but one who allocates.
    #[inline]
    pub(crate) fn trim(&self, live_bytes: u64) {
        let most = live_bytes / LIVE_PER_SPARE + SPARE_BYTES_MIN;
        if self.spare_bytes.load(Ordering::Relaxed) > most {
            self.trim_to(most);
        }
    }

    /// Returns the bytes of free slots that were given back to the system.
    pub(crate) fn bare_bytes(&self) -> u64 {
        self.bare_bytes.load(Ordering::Relaxed)
    }

    #[cold]
    fn trim_to(&self, most: u64) {
        let Some(mut is_refused) = try_lock(&self.trimming) else { return };
        for _ in 0..SLOTS_MAX {
            if *is_refused
                || self.spare_bytes.load(Ordering::Relaxed) <= most
                || !self.fullest_goes_bare(&mut is_refused)
            {
                return;
            }
        }
    }

    /// Makes a slot bare of the class whose free slots take most; false if there is none.
    fn fullest_goes_bare(&self, is_refused: &mut bool) -> bool {
        let classes = (LEAST.index()..CLASS_COUNT).filter_map(SizeClass::from_index);
        let most = classes.max_by_key(|class| self.classes[class.index()].free_bytes.load(Ordering::Relaxed));
        let Some(class) = most else { return false };
        let pool = &self.classes[class.index()];
        let popped = self.pop(pool, class, &lock(&pool.unused));
        let Some(slot) = popped else { return false };
        *is_refused = !self.give_back(slot);
        if *is_refused {
            self.push(slot, self.words(slot));
        } else {
            let mut unused = lock(&pool.unused);
            self.words(slot).first().store(unused.bare, Ordering::Relaxed);
            unused.bare = slot.address();
        }
        true
    }

    /// Gives back the blocks inside a slot that is on no list; false, and nothing changed, if that cannot be done.
    fn give_back(&self, slot: Slot) -> bool {
        let inside = inside(slot);
        let bytes = inside.end - inside.start;
        let Some(unit) = self.unit(inside.start) else { return false };
        let from = self.regions.split(unit).1 * UNIT_BYTES;
        // SAFETY: the slot is the caller's alone: its last owner freed it, and it is on no list. Readers that still
        // look at it read atomics.
        let done = unsafe { self.regions.give_back(unit, from, bytes as usize) };
        if done {
            self.bare_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        done
    }

    /// Takes a bare slot off the list that `bare` is the head of, for an owner.
    pub(super) fn pop_bare(&self, bare: &mut u64, class: SizeClass) -> Option<Slot> {
        if *bare == 0 {
            return None;
        }
        // SAFETY: only addresses of slots get into the list of their class.
        let slot = unsafe { Slot::new(*bare, class) };
        *bare = self.words(slot).first().load(Ordering::Relaxed);
        Some(slot)
    }

    /// Makes a slot that was bare all zero, as an owner gets it: what is not inside.
    pub(super) fn clothe(&self, slot: Slot) {
        let (words, inside) = (self.words(slot), inside(slot));
        self.bare_bytes.fetch_sub(inside.end - inside.start, Ordering::Relaxed);
        let (head, tail) = (inside.start - slot.address(), inside.end - slot.address());
        words.fill(0, head as usize, 0);
        words.fill(tail as usize, slot.class.bytes() - tail as usize, 0);
    }

    /// Returns the offset of the first byte inside a bare slot that is not zero.
    pub(crate) fn first_nonzero_inside(&self, slot: Slot) -> Option<usize> {
        let inside = inside(slot);
        let (head, tail) = (inside.start - slot.address(), inside.end - slot.address());
        self.words(slot).first_nonzero(head as usize).filter(|&at| at < tail as usize)
    }
}

#[cfg(all(test, not(miri), not(loom), target_os = "linux"))]
mod tests {
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
        let (one, two) =
            (store.prepare(PageId::new(90), PAGE_BYTES), store.prepare(PageId::new(91), 16 << 20));
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
}
