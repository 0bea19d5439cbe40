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

#[cfg(all(test, not(miri), not(loom), target_os = "linux"))]
mod tests;

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

    /// The class whose free slots take most.
    fn fullest(&self) -> Option<SizeClass> {
        let classes = (LEAST.index()..CLASS_COUNT).filter_map(SizeClass::from_index);
        classes.max_by_key(|class| self.classes[class.index()].free_bytes.load(Ordering::Relaxed))
    }

    /// Makes a slot bare of the class whose free slots take most; false if there is none.
    fn fullest_goes_bare(&self, is_refused: &mut bool) -> bool {
        let Some(class) = self.fullest() else { return false };
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
