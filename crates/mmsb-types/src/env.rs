//! The doors to the machine: its clocks, its threads, its memory for what is long, and what nobody can foresee.
//!
//! Files have a door of their own, the `Vfs` of mmsb-tlog.
//!
//! Invariant: the libraries ask a clock, start a thread or draw lots here and nowhere else; clippy refuses the rest.

#![expect(clippy::disallowed_methods, reason = "these are the doors that all others are sent to")]

use std::{
    hash::{BuildHasher, RandomState},
    io::{Error, ErrorKind, Result},
    process,
    string::ToString,
    time::{Instant, SystemTime, UNIX_EPOCH},
    vec::Vec,
};

#[cfg(not(shuttle))]
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

#[cfg(shuttle)]
use crate::turns::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// Returns the time by a clock that never goes back.
#[inline]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Returns the machine's date, in nanoseconds since 1970; 0 before it, [`u64::MAX`] beyond.
#[must_use]
pub fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns bits that are others in each call and each process.
#[must_use]
pub fn random_bits(salt: u64) -> u64 {
    RandomState::new().hash_one((salt, process::id()))
}

/// Gives a buffer this length, with zeros behind what it holds. What a file tells the length of goes through here.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`] if there is no memory for it; the buffer is then as it was.
#[inline]
pub fn resize(buffer: &mut Vec<u8>, bytes: usize) -> Result<()> {
    reserve(buffer, bytes)?;
    buffer.resize(bytes, 0);
    Ok(())
}

/// Gives a vector room for `len` in all.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`] if there is no memory for them.
#[inline]
pub fn reserve<T>(vec: &mut Vec<T>, len: usize) -> Result<()> {
    let reserved = vec.try_reserve_exact(len.saturating_sub(vec.len()));
    reserved.map_err(|error| Error::new(ErrorKind::OutOfMemory, error))
}

/// Starts a thread with a name.
///
/// # Errors
/// What the system says that starts none.
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    Builder::new().name(name.to_string()).spawn(work)
}

/// Starts a thread with a name that ends before its scope does.
///
/// # Errors
/// As [`spawn`].
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().name(name.to_string()).spawn_scoped(scope, work)
}
