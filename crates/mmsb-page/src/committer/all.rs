//! The exclusive gate: all owner numbers at once, so that nobody else can commit.
//!
//! Who wants all closes the pool first. From then on nobody gets a number, and those on loan come back
//! one by one; without the closing, a busy committer would take its number again before it is seen free.
//!
//! Invariant: while an `AllCommitters` lives every number is its own, and `closed` is set by it alone. A
//! number is in at most one of: the pool, a [`Committer`], a `Taken`.

use std::time::Duration;

use super::{Committer, Committers, LANE_COUNT, Patience, reserved};
use crate::sync::{Fault, Ordering, is_planted};

/// The number that the gate's holder commits under.
const OWN: u8 = 1;

/// Every owner number of a store: while it lives, only its holder can lock pages. Dropping it lets the
/// others go on.
#[derive(Debug)]
pub struct AllCommitters<'p> {
    // Given back in this order: the one number, then the others, and the pool opens.
    committer: Committer<'p>,
    _others: Taken<'p>,
}

/// Numbers taken from a closed pool; given back, and the pool opened, when dropped.
#[derive(Debug)]
struct Taken<'p> {
    pool: &'p Committers,
    lanes: [u64; LANE_COUNT],
}

impl Committers {
    /// Takes all numbers, waiting up to `timeout` for those on loan; `None`, and everything as it was, if
    /// one stayed on loan or somebody else held all.
    ///
    /// Whoever asks for a number meanwhile waits, as if all were lent. Two that want all wait for each
    /// other's end, never for each other's numbers. Must not be called by a thread that holds a committer:
    /// it would wait for itself.
    ///
    /// # Cost
    /// Four atomic operations where nobody commits.
    #[must_use]
    pub fn all(&self, timeout: Duration) -> Option<AllCommitters<'_>> {
        let mut patience = Patience::new(timeout);
        while !self.close() {
            patience.wait()?;
        }
        let mut taken = Taken { pool: self, lanes: [0; LANE_COUNT] };
        while !taken.take_free() && !is_planted(Fault::GateUnwaited) {
            patience.wait()?;
        }
        taken.lanes[0] &= !(1 << OWN);
        Some(AllCommitters { committer: Committer::new(&self.lanes[0].0, OWN.into()), _others: taken })
    }

    fn close(&self) -> bool {
        self.closed.0.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

impl<'p> AllCommitters<'p> {
    /// Returns the one committer that can lock pages now.
    #[must_use]
    pub fn committer(&self) -> &Committer<'p> {
        &self.committer
    }
}

impl Taken<'_> {
    /// Takes what is free; true once that is all there is.
    fn take_free(&mut self) -> bool {
        for (lane, taken) in self.pool.lanes.iter().zip(&mut self.lanes) {
            // Looked at first: a lane whose loans are still out is left to those who return them.
            if lane.0.load(Ordering::Relaxed) != u64::MAX {
                *taken |= !lane.0.fetch_or(u64::MAX, Ordering::Acquire);
            }
        }
        (0..LANE_COUNT).all(|lane| self.lanes[lane] | reserved(lane) == u64::MAX)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (lane, taken) in self.pool.lanes.iter().zip(self.lanes) {
            lane.0.fetch_and(!taken, Ordering::Release);
        }
        self.pool.closed.0.store(0, Ordering::Release);
    }
}
