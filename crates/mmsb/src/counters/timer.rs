//! Which commits and waves are timed, and the clock for those that are.
//!
//! Reading the clock twice takes a good part of a small commit. So the first few under each slot are timed, that a bus
//! of few commits is told of exactly; from then on one in 64. Which, depends on the slot's count alone: a hash of it
//! is a lot that knows no rhythm, costs a few instructions, and falls the same in a run that is repeated.
//!
//! Invariant: whatever is timed stands for as many as its lot is one of, so that sums are right on average.

use std::time::Instant;

use mmsb_types::env;

/// So many are all timed.
const FIRST: u64 = 64;
/// Behind them, one in so many is.
const ONE_IN: u64 = 64;

/// A clock that was started.
#[derive(Debug)]
pub(crate) struct Timer {
    start: Instant,
    /// How many it stands for.
    weight: u64,
}

impl Timer {
    /// Starts for what was done `count` times before, if the lot falls on it, or it takes long anyway.
    #[inline]
    pub(super) fn start(count: u64, is_long: bool) -> Option<Self> {
        if is_long || count < FIRST {
            return Some(Self::of_weight(1));
        }
        (lot(count) == 0).then(|| Self::of_weight(ONE_IN))
    }

    #[cold]
    fn of_weight(weight: u64) -> Self {
        Self { start: env::now(), weight }
    }

    /// Returns how long ago it started, in nanoseconds.
    pub(super) fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight
    }
}

/// Returns a number below [`ONE_IN`] that looks drawn: both halves of a product mix each other.
#[inline]
pub(super) fn lot(count: u64) -> u64 {
    let product = u128::from(count ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    ((product >> 64) as u64 ^ product as u64) % ONE_IN
}
