//! The packed reservation word: one `fetch_add` gives a commit its number and its place in the ring.
//!
//! Count in the upper 24 bits, position in 8-byte units in the lower 40. The position is used mod 2^39:
//! whoever's own add first sets bit 39 takes it off again, so no carry ever reaches the count. The count
//! wraps by itself; the 64-bit number is rebuilt from it and any recent number.
//!
//! Invariant: two reservations made while their makers hold locks on a common page have numbers in the
//! order of those locks.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

const POSITION_BITS: u32 = 40;
const COUNT_MASK: u64 = (1 << (64 - POSITION_BITS)) - 1;
const POSITION_MASK: u64 = (1 << POSITION_BITS) - 1;
pub(super) const WRAP: u64 = 1 << (POSITION_BITS - 1);

/// The word all commits of a log reserve from.
#[derive(Debug)]
pub(crate) struct Tail(CachePadded<AtomicU64>);

/// What one reservation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Low 24 bits of the number of the frame before.
    count: u32,
    /// Position in the ring, in 8-byte units, mod 2^39.
    pub(crate) unit: u64,
}

impl Tail {
    /// Starts behind the frame `number`, at ring position `unit`.
    pub(crate) fn new(number: u64, unit: u64) -> Self {
        Self(AtomicU64::new(((number & COUNT_MASK) << POSITION_BITS) | (unit % WRAP)).into())
    }

    /// Takes one number and `units` of the ring.
    pub(crate) fn reserve(&self, units: u64) -> Place {
        let old = self.0.fetch_add(1 << POSITION_BITS | units, Ordering::AcqRel);
        let position = old & POSITION_MASK;
        if position < WRAP && position + units >= WRAP {
            self.0.fetch_sub(WRAP, Ordering::AcqRel);
        }
        Place { count: (old >> POSITION_BITS) as u32, unit: position % WRAP }
    }
}

impl Place {
    /// Rebuilds the whole number from a `recent` one: at most 2^23 before it.
    pub(crate) fn number(self, recent: u64) -> u64 {
        recent + 1 + (u64::from(self.count).wrapping_sub(recent) & COUNT_MASK)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{COUNT_MASK, POSITION_MASK, Tail, WRAP};

    #[test]
    fn numbers_and_positions_go_on_past_both_overflows() {
        let start = COUNT_MASK - 2;
        let tail = Tail::new(start, WRAP - 20);
        let (mut recent, mut unit) = (start, WRAP - 20);
        for step in 1..=10u64 {
            let place = tail.reserve(8);
            assert_eq!(place.number(recent), start + step);
            assert_eq!(place.unit, unit);
            unit = (unit + 8) % WRAP;
            let position = tail.0.load(Ordering::Relaxed) & POSITION_MASK;
            assert_eq!(position, unit, "bit 39 was taken off again, so it never carries into the count");
            recent = if step % 3 == 0 { start + step } else { recent };
        }
    }

    #[test]
    fn a_number_far_past_the_count_is_rebuilt() {
        let base = 5 << 24 | 0xff_fffe;
        let tail = Tail::new(base, 0);
        assert_eq!(tail.reserve(1).number(base), base + 1);
        assert_eq!(tail.reserve(1).number(base), base + 2);
        assert_eq!(tail.reserve(1).number(base), base + 3);
    }

    #[test]
    fn a_late_subtraction_disturbs_nobody() {
        let tail = Tail::new(0, 0);
        tail.0.store(WRAP + 8, Ordering::Relaxed);
        assert_eq!(tail.reserve(8).unit, 8, "bit 39 set by another add: used mod 2^39");
    }
}
