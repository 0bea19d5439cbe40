//! Ending a bus on purpose.

use std::{sync::atomic::Ordering, time::Duration};

use super::Inner;
use crate::{Bus, Error};

const DRAIN_WAIT: Duration = Duration::from_secs(10);

impl Bus {
    /// Refuses new commits, waits for those under way, syncs everything and writes a closing mark.
    ///
    /// Other handles can still read; their commits answer [`Error::Stopped`]. A bus opened for reading has
    /// nothing to end.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end; [`Error::Poisoned`], [`Error::Io`].
    pub fn stop(self) -> Result<(), Error> {
        self.inner.stop()
    }
}

impl Inner {
    fn stop(&self) -> Result<(), Error> {
        let Ok(log) = self.journal.log() else { return Ok(()) };
        self.stopped.store(true, Ordering::SeqCst);
        // Whoever commits holds a committer: holding all of them, nobody else does.
        let waited_ms = DRAIN_WAIT.as_millis() as u64;
        let all = self.store.committers().all(DRAIN_WAIT);
        let _all = all.ok_or(Error::Busy { what: "a commit under way", waited_ms })?;
        Ok(log.close()?)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "closing a dropped bus");
        }
    }
}
