//! Threads that take turns.

use core::time::Duration;
use std::{io, string::String};

use shuttle::rand::Rng;
pub use shuttle::thread::{
    JoinHandle, Scope, ScopedJoinHandle, Thread, current, park, scope, spawn, yield_now,
};
pub use std::thread::available_parallelism;

/// Stands in for the standard library's.
#[derive(Debug, Default)]
pub struct Builder(shuttle::thread::Builder);

impl Builder {
    /// As the standard library's.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As the standard library's.
    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// As the standard library's.
    ///
    /// # Errors
    /// Never.
    pub fn spawn<T: Send + 'static>(
        self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        self.0.spawn(run)
    }

    /// As the standard library's, without the name.
    ///
    /// # Errors
    /// Never.
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        run: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        Ok(scope.spawn(run))
    }
}

/// Waits until it is woken, or is woken at once.
pub fn park_timeout(_: Duration) {
    if shuttle::rand::thread_rng().r#gen() { park() } else { yield_now() }
}
