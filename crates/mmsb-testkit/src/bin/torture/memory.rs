//! The torture's allocator: it counts what is allocated, and can refuse one allocation.
//!
//! Invariant: what it does not refuse is the system allocator's, unchanged.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr::null_mut,
    sync::atomic::{AtomicU64, Ordering},
};

use cap::Cap;

/// An allocator that counts, and refuses what it was told to.
pub struct Counting {
    system: Cap<System>,
    /// The allocation that is refused, counted from now on; 0: none.
    refused: AtomicU64,
}

impl Counting {
    pub const fn new() -> Self {
        Self { system: Cap::new(System, usize::MAX), refused: AtomicU64::new(0) }
    }

    /// Lets the allocation of this number fail, counted from 1 on; none with 0.
    pub fn refuse(&self, number: u64) {
        self.refused.store(number, Ordering::SeqCst);
    }

    /// Returns how many bytes are allocated now.
    pub fn now(&self) -> u64 {
        self.system.allocated() as u64
    }

    /// Returns how many bytes were allocated at most.
    pub fn peak(&self) -> u64 {
        self.system.max_allocated() as u64
    }

    fn is_refused(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.refused.load(Ordering::Relaxed) > 0
            && self.refused.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) == Ok(1)
    }
}

// SAFETY: each call is the system's allocator with the caller's own arguments, or null, which says that there is
// no memory; counting touches no memory but its own words.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.is_refused() {
            return null_mut();
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.system.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.is_refused() {
            return null_mut();
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.system.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if self.is_refused() {
            return null_mut();
        }
        // SAFETY: the caller's promise, passed on: what is here came from the same allocator.
        unsafe { self.system.realloc(start, layout, bytes) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on: what is here came from the same allocator.
        unsafe { self.system.dealloc(start, layout) }
    }
}
