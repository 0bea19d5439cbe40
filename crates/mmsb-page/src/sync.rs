//! The atomics and locks of this crate, in one place, so that a model checker can stand in for them.
//!
//! Invariant: no other file names `std::sync` or `std::thread`.

pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
    thread::{park_timeout, yield_now},
};

/// Spins before a waiter gives its processor away.
const SPINS_MAX: u32 = 100;

/// Locks a mutex; a holder that panicked left nothing half done here, so poison means nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits a little longer each time: some spins first, then a yield at every call.
#[derive(Default)]
pub(crate) struct Backoff {
    spins: u32,
}

impl Backoff {
    /// Waits one step.
    pub(crate) fn wait(&mut self) {
        if self.spins < SPINS_MAX && !cfg!(miri) {
            self.spins += 1;
            spin_loop();
        } else {
            yield_now();
        }
    }
}
