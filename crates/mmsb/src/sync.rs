//! The atomics, locks and threads of this crate, in one place, so that a checker of schedules can stand in for them.
//!
//! Invariant: whoever may be waited for takes them from here. Counting owners is nobody's order to check.

#[cfg(not(shuttle))]
pub(crate) use std::{
    hint,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, RwLock, atomic, mpsc},
    thread,
};

#[cfg(shuttle)]
pub(crate) use mmsb_types::turns::{
    Condvar, Mutex, MutexGuard, OnceLock, RwLock, atomic, hint, mpsc, thread,
};
