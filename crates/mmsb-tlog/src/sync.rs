//! The atomics, locks and threads of the log, in one place, so that a checker of schedules can stand in for them.
//!
//! Invariant: the reservation word, the ring, the flush's progress and group commit take them from here, for loom;
//! all else that waits, or that others wait for, takes them from [`outer`], which loom leaves alone. What holds a
//! lock for a moment and asks nobody meanwhile may name `std::sync`: file systems, and what is set once.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

#[cfg(shuttle)]
pub(crate) use self::outer::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

pub(crate) use mmsb_types::plant::{Fault, is_planted, order};

/// What no model of loom reaches.
pub(crate) mod outer {
    #[cfg(not(shuttle))]
    pub(crate) use std::{
        sync::{Mutex, MutexGuard, RwLock, atomic, mpsc},
        thread,
    };

    #[cfg(shuttle)]
    pub(crate) use mmsb_types::turns::{Condvar, Mutex, MutexGuard, RwLock, atomic, mpsc, thread, turn};

    /// Nobody else's turn: here threads run when they can.
    #[cfg(not(shuttle))]
    #[inline(always)]
    pub(crate) fn turn() {}
}
