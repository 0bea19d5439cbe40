//! The atomics and locks of this crate, in one place, so that a checker of models or schedules can stand in for them.
//!
//! Invariant: no other file names `std::sync` or `std::thread`.

#[cfg(loom)]
pub(crate) mod model;

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    hint::spin_loop,
    process::abort,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
    thread::{park_timeout, yield_now},
    time::Instant,
};

#[cfg(shuttle)]
pub(crate) use mmsb_types::turns::{
    Mutex, MutexGuard,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    hint::spin_loop,
    thread::{park_timeout, yield_now},
};
#[cfg(shuttle)]
pub(crate) use std::{process::abort, time::Instant};

#[cfg(loom)]
pub(crate) use model::{
    AtomicPtr, AtomicU32, AtomicU64, Instant, Mutex, MutexGuard, Ordering, abort, fence, now, owned,
    park_timeout, spin_loop, yield_now,
};

#[cfg(not(loom))]
pub(crate) use mmsb_types::env::now;

use std::sync::{PoisonError, TryLockError};

// Counting owners is nobody's order to check.
pub(crate) use std::sync::Arc;

pub(crate) use mmsb_types::plant::{Fault, is_planted, order};

/// Spins before a waiter gives its processor away. Where threads take turns, each of them is in vain.
const SPINS_MAX: u32 = if cfg!(any(miri, loom, shuttle)) { 0 } else { 100 };

/// Locks a mutex; a holder that panicked left nothing half done here, so poison means nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a mutex if nobody has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Reads a pointer that nobody else can touch any more.
#[cfg(not(loom))]
pub(crate) fn owned<T>(pointer: &mut AtomicPtr<T>) -> *mut T {
    *pointer.get_mut()
}

/// A fence that a model may leave out.
#[inline(always)]
pub(crate) fn fence_unless(fault: Fault, order: Ordering) {
    if !is_planted(fault) {
        fence(order);
    }
}

/// Waits a little longer each time: some spins first, then a yield at every call.
#[derive(Default)]
pub(crate) struct Backoff {
    spins: u32,
}

impl Backoff {
    /// Waits one step.
    pub(crate) fn wait(&mut self) {
        if self.spins < SPINS_MAX {
            self.spins += 1;
            spin_loop();
        } else {
            yield_now();
        }
    }
}

/// Returns how many threads asked before this one: its own number, from 0 on. A model's threads are one, as are
/// those that take turns.
pub(crate) fn thread_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    if cfg!(any(loom, shuttle)) { 0 } else { NUMBER.with(|number| *number) }
}
