//! How many workers compute the pages of a wave, and their threads.
//!
//! Threads are started by the first wave, not with the bus: one without derived pages has none. They run nothing but
//! waves, so they carry the token for life, and whatever a function starts among them carries it, too.

use std::time::Duration;

use mmsb_graph::Workers;

use super::token;

/// What the builder was told of workers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hands {
    /// Threads that compute, the one that commits included.
    pub(crate) count: usize,
    /// How long that one goes on alone; the usual time if not said.
    pub(crate) patience: Option<Duration>,
}

impl Default for Hands {
    fn default() -> Self {
        Self { count: 1, patience: None }
    }
}

impl Hands {
    /// Starts the threads. Where the system has none to spare, the wave does without.
    pub(super) fn start(self) -> Workers {
        // A checker of schedules does not know the pool's locks, and would wait for them for ever.
        let count = if cfg!(shuttle) { 1 } else { self.count };
        let workers = Workers::new(count, token::hold).unwrap_or_else(|error| {
            tracing::warn!(%error, "waves run in the threads that commit");
            Workers::alone()
        });
        match self.patience {
            Some(patience) => workers.with_patience(patience),
            None => workers,
        }
    }
}
