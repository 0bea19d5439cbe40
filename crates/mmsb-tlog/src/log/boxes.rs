//! Boxed frames: too long for the ring, handed to the flusher whole.
//!
//! A box is taken before the point of no return, with credit from a budget of its own, so that handing the
//! frame over needs no allocation. A frame longer than the whole budget goes when no other is boxed.
//!
//! Invariant: a box belongs to one committer from taking to handing over, then to the flusher until given back.

use std::sync::{Mutex, MutexGuard};

const BOX_COUNT: usize = 64;

/// The boxes and their budget.
#[derive(Debug)]
pub(crate) struct Boxes {
    frames: [Mutex<Vec<u8>>; BOX_COUNT],
    budget: Mutex<Budget>,
    budget_bytes: usize,
}

#[derive(Debug)]
struct Budget {
    taken: u64,
    bytes: [usize; BOX_COUNT],
}

impl Boxes {
    /// Makes all boxes, which together may hold `budget_bytes`.
    pub(crate) fn new(budget_bytes: usize) -> Self {
        Self {
            frames: std::array::from_fn(|_| Mutex::default()),
            budget: Mutex::new(Budget { taken: 0, bytes: [0; BOX_COUNT] }),
            budget_bytes,
        }
    }

    /// Takes a box for `bytes`; `None` if the budget is used up for now.
    pub(crate) fn take(&self, bytes: usize) -> Option<usize> {
        let mut budget = lock(&self.budget);
        let used: usize = budget.bytes.iter().sum();
        let free = budget.taken.trailing_ones() as usize;
        if free == BOX_COUNT || (used > 0 && used + bytes > self.budget_bytes) {
            return None;
        }
        budget.taken |= 1 << free;
        budget.bytes[free] = bytes;
        Some(free)
    }

    /// Puts a frame into a box that was taken.
    pub(crate) fn fill(&self, index: usize, frame: Vec<u8>) {
        *lock(&self.frames[index]) = frame;
    }

    /// Takes the frame out of a box; its credit stays taken.
    pub(crate) fn empty(&self, index: usize) -> Vec<u8> {
        std::mem::take(&mut lock(&self.frames[index]))
    }

    /// Gives a box and its credit back.
    pub(crate) fn give_back(&self, index: usize) {
        let mut budget = lock(&self.budget);
        budget.taken &= !(1 << index);
        budget.bytes[index] = 0;
    }
}

/// Nothing that holds these locks can panic halfway through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
