//! A clock that is read part by part.

use std::time::{Duration, Instant};

use mmsb_types::env;

/// When a frame began, and when its last part ended.
pub(super) struct Laps {
    start: Instant,
    last: Instant,
}

impl Laps {
    pub(super) fn start() -> Self {
        let start = env::now();
        Self { start, last: start }
    }

    /// Ends a part; returns how long it took.
    pub(super) fn lap(&mut self) -> Duration {
        let now = env::now();
        now.saturating_duration_since(std::mem::replace(&mut self.last, now))
    }

    /// Returns how long all parts took, and the one that is under way.
    pub(super) fn spent(&self) -> Duration {
        env::now().saturating_duration_since(self.start)
    }
}
