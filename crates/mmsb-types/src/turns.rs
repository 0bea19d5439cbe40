//! Atomics, locks and threads that take turns: shuttle decides who goes on at each of their steps.
//!
//! The crates above take them through their `sync.rs` in a build with `--cfg shuttle`, and in no other. Where shuttle
//! has the thing, it is shuttle's. Atomics are the real words with a turn before each step, for many of them lie in
//! mapped memory; every order counts as the strongest, so weak ones are loom's to judge.
//!
//! Invariant: time stands still. What waits for a while waits until it is woken, or is woken for no reason.

pub mod atomic;
pub mod thread;

mod explore;
mod once;

pub use shuttle::{
    hint,
    sync::{Condvar, Mutex, MutexGuard, RwLock, mpsc},
};

pub use self::{explore::explore, once::OnceLock};

/// Lets shuttle choose who goes on. Nobody takes turns outside a run.
#[inline]
pub fn turn() {
    if shuttle::current::try_get_current_task().is_some() {
        shuttle::thread::sleep(core::time::Duration::ZERO);
    }
}
