//! Ending a bus on purpose.

use std::{sync::Arc, time::Duration};

use super::{Inner, located::Located};
use crate::{Bus, Error, sync::atomic::Ordering, wave::token};

const DRAIN_WAIT: Duration = Duration::from_secs(10);

impl Bus {
    /// Refuses new commits, waits for those under way, makes a checkpoint if much was logged since the last one
    /// ([`Builder::checkpoint_on_stop`](crate::Builder::checkpoint_on_stop)), syncs everything and writes a closing
    /// mark.
    ///
    /// A checkpoint under way on another thread ends with [`Error::Stopped`]. One that fails here is traced: the
    /// log has everything.
    ///
    /// Other handles and snapshots can still read; commits answer [`Error::Stopped`]. The directory is free to
    /// be opened again. A bus opened for reading has nothing to end.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end; [`Error::Poisoned`], [`Error::Io`].
    pub fn stop(self) -> Result<(), Error> {
        token::check()?;
        self.inner.stop(true)
    }
}

impl Inner {
    fn stop(&self, with_checkpoint: bool) -> Result<(), Error> {
        let Ok(log) = self.journal.log() else { return Ok(()) };
        self.stopped.store(true, Ordering::SeqCst);
        self.end_checkpoints();
        // Whoever commits holds a committer: holding all of them, nobody else does.
        let waited_ms = DRAIN_WAIT.as_millis() as u64;
        let all = self.store.committers().all(DRAIN_WAIT);
        let _all = all.ok_or(Error::Busy { what: "a commit under way", waited_ms })?;
        if with_checkpoint {
            self.checkpoint_to_stop();
        }
        if with_checkpoint {
            self.mark_last_state();
        }
        Ok(log.close()?)
    }
}

/// Ends the bus when it is dropped, and then the mirror of its own, which follows to the end.
pub(super) struct Closer {
    inner: Arc<Inner>,
    located: Located,
}

impl Bus {
    pub(super) fn new(inner: Inner) -> Self {
        let inner = Arc::new(inner);
        let located = Located::new(inner.options.gpu.clone());
        Self { closer: Arc::new(Closer { inner: Arc::clone(&inner), located }), inner }
    }

    pub(super) fn located(&self) -> &Located {
        &self.closer.located
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        if let Err(error) = self.inner.stop(false) {
            tracing::error!(%error, "closing a dropped bus");
        }
    }
}
