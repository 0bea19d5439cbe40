//! The sync thread: makes durable what nobody waits for, every so often or so many bytes.
//!
//! Started by the flusher thread when there is something to sync for the first time: most short-lived logs
//! never need it.
//!
//! Invariant: it takes its turn as everyone who waits for durability does, and holds no lock while it syncs.

use std::sync::Arc;

use mmsb_types::env;

use super::{Shared, SyncEvery};
use crate::{LogError, sync::outer::thread::JoinHandle};

/// The thread, if it runs; dropping this ends it.
#[derive(Debug)]
pub(super) struct Syncer<'a> {
    shared: &'a Arc<Shared>,
    join: Option<JoinHandle<()>>,
}

impl<'a> Syncer<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>) -> Self {
        Self { shared, join: None }
    }

    /// Starts the thread if somebody has called for it.
    pub(super) fn look(&mut self) -> Result<(), LogError> {
        let every = match self.shared.progress.group.call() {
            Some(every) if self.join.is_none() => every,
            _ => return Ok(()),
        };
        let theirs = Arc::clone(self.shared);
        match env::spawn("mmsb-syncer", move || run(&theirs, every)) {
            Ok(join) => self.join = Some(join),
            // What it was called for is done here, slowly; the next call tries again.
            Err(_) => self.shared.progress.sync_written()?,
        }
        Ok(())
    }
}

impl Drop for Syncer<'_> {
    fn drop(&mut self) {
        if let Some(join) = self.join.take() {
            self.shared.progress.group.stop();
            // It does not panic: a file system that does is caught where it is called.
            let _ = join.join();
        }
    }
}

fn run(shared: &Shared, every: SyncEvery) {
    while shared.progress.wait_until_due(every).is_some() {
        // A failure has poisoned the log: every waiter and the next commit are told.
        if shared.progress.sync_written().is_err() {
            return;
        }
    }
}
