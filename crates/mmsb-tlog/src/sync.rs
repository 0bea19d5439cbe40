//! The atomics of the write path, in one place, so that a model checker can stand in for them.
//!
//! Invariant: the reservation word, the ring and the flush's progress touch no other atomics.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

pub(crate) use mmsb_types::plant::{Fault, is_planted, order};
