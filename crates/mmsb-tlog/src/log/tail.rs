//! The packed reservation word: one `fetch_add` gives a commit its number and its place in the ring.
//!
//! Count in the upper 24 bits, position in 8-byte units in the lower 40. The position is used mod 2^39:
//! whoever's own add first sets bit 39 takes it off again, so no carry ever reaches the count. The count
//! wraps by itself; the 64-bit number is rebuilt from it, its origin and any recent number.
//!
//! Invariant: two reservations made while their makers hold locks on a common page have numbers in the
//! order of those locks.

#[cfg(test)]
mod tests;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Fault, Ordering, is_planted, order};

const POSITION_BITS: u32 = 40;
const COUNT_MASK: u64 = (1 << (64 - POSITION_BITS)) - 1;
const POSITION_MASK: u64 = (1 << POSITION_BITS) - 1;
const WRAP: u64 = 1 << (POSITION_BITS - 1);
/// A count is rebuilt right if the number it began from moved by less than this meanwhile.
const MOVED_MAX: u64 = 1 << (64 - POSITION_BITS - 1);

/// The word all commits of a log reserve from.
#[derive(Debug)]
pub(crate) struct Tail {
    word: CachePadded<AtomicU64>,
    /// The number at which the count was 0, mod 2^64: 0 unless a log began elsewhere.
    origin: u64,
}

/// Where the packed word of a log begins: the count of its last frame, and the ring's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedStart {
    /// Taken mod 2^24.
    pub count: u32,
    /// In units of 8 bytes, taken mod 2^39.
    pub unit: u64,
}

impl PackedStart {
    /// Begins so that both the count and the position overflow soon: after `frames`, after `units`.
    ///
    /// The packed word of a log begins anywhere; where nobody asks, at the number and at 0. This is for those
    /// who want to see a whole bus go past the overflows.
    #[must_use]
    pub const fn before_overflow(frames: u32, units: u64) -> Self {
        Self {
            count: (COUNT_MASK as u32).wrapping_sub(frames) & COUNT_MASK as u32,
            unit: WRAP - units % WRAP,
        }
    }
}

/// What one reservation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Low 24 bits of the number of the frame before.
    count: u64,
    /// The log's, see [`Tail`].
    origin: u64,
    /// Position in the ring, in 8-byte units, mod 2^39.
    pub(crate) unit: u64,
}

impl Tail {
    /// Starts behind the frame `number`.
    pub(crate) fn new(number: u64, start: PackedStart) -> Self {
        let count = u64::from(start.count) & COUNT_MASK;
        let word = AtomicU64::new((count << POSITION_BITS) | (start.unit % WRAP));
        Self { word: word.into(), origin: number.wrapping_sub(count) }
    }

    /// Returns the position of the next reservation.
    pub(crate) fn unit(&self) -> u64 {
        (self.word.load(Ordering::Acquire) & POSITION_MASK) % WRAP
    }

    /// Takes one number and `units` of the ring.
    #[inline]
    pub(crate) fn reserve(&self, units: u64) -> Place {
        self.reserve_many(1, units)
    }

    /// Takes `count` numbers, one behind the other, and `units` of the ring for all of them; returns the first.
    #[inline]
    pub(crate) fn reserve_many(&self, count: u64, units: u64) -> Place {
        let step = count << POSITION_BITS | units;
        let old = self.word.fetch_add(step, order(Fault::ReserveOrder, Ordering::AcqRel));
        let position = old & POSITION_MASK;
        if position < WRAP && position + units >= WRAP {
            self.word.fetch_sub(WRAP, Ordering::AcqRel);
        }
        Place { count: old >> POSITION_BITS, origin: self.origin, unit: position % WRAP }
    }

    /// Returns the newest number reserved, taking none; `recent` gives a number that was published by then.
    ///
    /// It is an RMW: of any two that call this or reserve, the later one in the word's order sees all that the
    /// earlier one did before. `recent` is asked before and after, for the count alone cannot tell the turns of
    /// 2^24 numbers that went by between the two loads.
    pub(crate) fn last(&self, recent: impl Fn() -> u64) -> u64 {
        let mut before = recent();
        loop {
            let count = self.newest() >> POSITION_BITS;
            let after = recent();
            if after - before < MOVED_MAX {
                return before + self.behind(count, before);
            }
            before = after;
        }
    }

    #[inline]
    fn newest(&self) -> u64 {
        if is_planted(Fault::LastIsLoad) {
            return self.word.load(Ordering::Acquire);
        }
        self.word.fetch_add(0, Ordering::AcqRel)
    }

    /// Returns how far the number that `count` stands for is behind `recent`.
    fn behind(&self, count: u64, recent: u64) -> u64 {
        count.wrapping_add(self.origin).wrapping_sub(recent) & COUNT_MASK
    }
}

impl Place {
    /// Rebuilds the whole number from a `recent` one: at most 2^24 before it.
    #[inline]
    pub(crate) fn number(self, recent: u64) -> u64 {
        recent + 1 + (self.count.wrapping_add(self.origin).wrapping_sub(recent) & COUNT_MASK)
    }
}
