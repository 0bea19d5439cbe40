//! Time as an input: asked only if the builder says so, and replaceable, so that logs can be reproduced.

use std::fmt::Debug;

use mmsb_types::env;

/// Tells the time that commits are stamped with.
pub trait Clock: Send + Sync + Debug {
    /// Returns nanoseconds since 1970.
    fn now_nanos(&self) -> u64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_nanos(&self) -> u64 {
        env::unix_nanos()
    }
}

/// A clock that stands still: equal commits make equal logs.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(
    /// Nanoseconds since 1970.
    pub u64,
);

impl Clock for FixedClock {
    fn now_nanos(&self) -> u64 {
        self.0
    }
}
