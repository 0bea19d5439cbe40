//! The atomics and locks of the write path, in one place, so that a model checker can stand in for them.
//!
//! Invariant: the reservation word, the ring, the flush's progress and group commit touch no others.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

pub(crate) use mmsb_types::plant::{Fault, is_planted, order};
