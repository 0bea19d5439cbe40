//! Boxed frames: too long for the ring, handed to the flusher whole.
//!
//! A box is taken before the point of no return, with credit from a budget of its own, so that handing the
//! frame over needs no allocation. A frame longer than the whole budget goes when no other is boxed. The
//! longest frame that was refused goes before shorter ones, so none waits for ever.
//!
//! A drained buffer stays in its box; whoever fills the box next gets it for the one he hands over. One that is
//! longer than boxes keep waits beside them for the next frame as long, until the log has rested for a second.
//!
//! Invariant: a box belongs to one committer from taking to handing over, then to the flusher until given back.
//! Buffers that wait in boxes take at most [`SPARE_BYTES_MAX`] together, the long one at most [`LONG_BYTES_MAX`].

#[cfg(test)]
mod tests;

use crate::sync::outer::{
    Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

use super::Log;
use crate::FrameBuf;

const BOX_COUNT: usize = 64;
/// What all boxes keep: mapping and unmapping memory for each frame costs more than filling it. The lowest free
/// box is taken first, so a flusher that keeps up finds its buffers again and again.
const SPARE_BYTES_MAX: usize = 256 << 10;
/// The one long buffer that is kept: a rewind of a second's ticks takes three megabytes, again and again, and fresh
/// memory for them would be a page fault for every 4 KiB.
const LONG_BYTES_MAX: usize = 4 << 20;

/// The boxes and their budget.
#[derive(Debug)]
pub(crate) struct Boxes {
    frames: [Mutex<Vec<u8>>; BOX_COUNT],
    /// What drained buffers take; only the flusher makes it more.
    spare_bytes: AtomicUsize,
    /// Of the drained buffers longer than the boxes keep the longest, or none.
    long: Mutex<Vec<u8>>,
    budget: Mutex<Budget>,
    budget_bytes: usize,
}

#[derive(Debug)]
struct Budget {
    taken: u64,
    bytes: [usize; BOX_COUNT],
    /// Longest frame that was refused since one as long got in; 0 if none waits.
    refused_bytes: usize,
}

impl Boxes {
    /// Makes all boxes, which together may hold `budget_bytes`.
    pub(crate) fn new(budget_bytes: usize) -> Self {
        Self {
            frames: std::array::from_fn(|_| Mutex::default()),
            spare_bytes: AtomicUsize::new(0),
            long: Mutex::default(),
            budget: Mutex::new(Budget { taken: 0, bytes: [0; BOX_COUNT], refused_bytes: 0 }),
            budget_bytes,
        }
    }

    /// Takes a box for `bytes`; `None` if the budget is used up for now. Who was refused tries again.
    pub(crate) fn take(&self, bytes: usize) -> Option<usize> {
        let mut budget = lock(&self.budget);
        let used: usize = budget.bytes.iter().sum();
        let free = budget.taken.trailing_ones() as usize;
        let is_over = used > 0 && used.saturating_add(bytes) > self.budget_bytes;
        if free == BOX_COUNT || is_over || bytes < budget.refused_bytes {
            budget.refused_bytes = budget.refused_bytes.max(bytes);
            return None;
        }
        budget.refused_bytes = 0;
        budget.taken |= 1 << free;
        budget.bytes[free] = bytes;
        Some(free)
    }

    /// Returns for how many bytes a taken box was taken.
    pub(crate) fn bytes(&self, index: usize) -> usize {
        lock(&self.budget).bytes[index]
    }

    /// Puts a frame into a box that was taken; what comes out instead is an empty buffer used before.
    pub(crate) fn swap(&self, index: usize, frame: &mut Vec<u8>) {
        let mut spare = lock(&self.frames[index]);
        self.spare_bytes.fetch_sub(spare.capacity(), Ordering::Relaxed);
        std::mem::swap(&mut *spare, frame);
    }

    /// Returns the length of the frame in a box.
    pub(crate) fn frame_bytes(&self, index: usize) -> usize {
        lock(&self.frames[index]).len()
    }

    /// Moves the frame out of a box to the end of `out`; its credit stays taken.
    ///
    /// The buffer stays for the box's next frame, unless the boxes keep enough.
    pub(crate) fn drain_into(&self, index: usize, out: &mut Vec<u8>) {
        let mut frame = lock(&self.frames[index]);
        out.extend_from_slice(&frame);
        frame.clear();
        if self.spare_bytes.load(Ordering::Relaxed) + frame.capacity() > SPARE_BYTES_MAX {
            self.keep_long(std::mem::take(&mut frame));
        }
        self.spare_bytes.fetch_add(frame.capacity(), Ordering::Relaxed);
    }

    fn keep_long(&self, buffer: Vec<u8>) {
        let mut long = lock(&self.long);
        if (SPARE_BYTES_MAX.max(long.capacity()) + 1..=LONG_BYTES_MAX).contains(&buffer.capacity()) {
            *long = buffer;
        }
    }

    /// Makes room in `buffer`, which is empty then, for a frame longer than boxes keep: the long buffer, if it is
    /// long enough, or fresh memory for the next ones, too, which may be a little longer.
    #[inline]
    pub(crate) fn lend_long(&self, buffer: &mut Vec<u8>, frame_bytes: usize) {
        if frame_bytes > SPARE_BYTES_MAX.max(buffer.capacity()) {
            *buffer = std::mem::take(&mut *lock(&self.long));
            buffer.reserve_exact(frame_bytes.next_multiple_of(SPARE_BYTES_MAX));
        }
    }

    /// Gives the long buffer's memory back.
    pub(crate) fn drop_long(&self) {
        drop(std::mem::take(&mut *lock(&self.long)));
    }

    /// Returns the bytes that the boxes' buffers and the long one take, used or not.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.frames.iter().chain([&self.long]).map(|frame| lock(frame).capacity() as u64).sum()
    }

    /// Gives a box and its credit back.
    pub(crate) fn give_back(&self, index: usize) {
        let mut budget = lock(&self.budget);
        budget.taken &= !(1 << index);
        budget.bytes[index] = 0;
    }
}

impl Log {
    /// Gives `frame`, which is empty then, the memory that a long frame had before, if one of `frame_bytes` is longer
    /// than it can take. For short frames this costs a comparison or two and does nothing.
    #[inline]
    pub fn lend_memory(&self, frame: &mut FrameBuf, frame_bytes: usize) {
        self.shared.boxes.lend_long(frame.bytes_mut(), frame_bytes);
    }
}

/// Nothing that holds these locks can panic halfway through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
