//! What tests break in the line: it must fail for it.

use std::hint::black_box;

use crate::{Context, clock::thread_time};

/// A fault in the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first delta of every commit is not made.
    DroppedDelta,
    /// Every commit leaves 64 KiB behind that nobody gives back.
    LeakedBytes,
    /// Some commits take more than they may.
    SlowCommit,
}

const LEAKED_BYTES: usize = 64 << 10;
/// Of so many deltas, one makes its commit slow.
const SLOW_EVERY: usize = 1 << 10;
/// In milliseconds of processor time.
const SLOW_MS: u128 = 4;

impl Fault {
    pub fn of(context: &Context) -> Option<Self> {
        match context.fault()? {
            "dropped-delta" => Some(Self::DroppedDelta),
            "leaked-bytes" => Some(Self::LeakedBytes),
            "slow-commit" => Some(Self::SlowCommit),
            _ => None,
        }
    }

    /// Returns how many of the next commit's deltas are left out.
    pub fn before(fault: Option<Self>) -> usize {
        if fault == Some(Self::LeakedBytes) {
            std::mem::forget(black_box(vec![1_u8; LEAKED_BYTES]));
        }
        usize::from(fault == Some(Self::DroppedDelta))
    }

    /// What is done in a commit, so many deltas after the first.
    pub fn within(fault: Option<Self>, done: usize) {
        let start = thread_time();
        let is_slow = fault == Some(Self::SlowCommit) && done.is_multiple_of(SLOW_EVERY);
        while is_slow && (thread_time() - start).as_millis() < SLOW_MS {}
    }
}
