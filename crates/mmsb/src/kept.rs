//! Where a log is and how far back it still reaches: what everyone who reads the past must know.
//!
//! A log in memory gives up its oldest commits while others may be reading them.
//!
//! Invariant: `oldest` is raised before bytes are given up, so a read that fails for that reason can tell.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mmsb_tlog::{Commit, Cursor, LogDir, LogError, Reader};
use mmsb_types::{Epoch, Lsn};

use crate::Error;

/// The log that is kept. Clones see the same one.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    dir: LogDir,
    oldest: Arc<AtomicU64>,
}

impl Kept {
    pub(crate) fn new(dir: LogDir) -> Self {
        Self { dir, oldest: Arc::default() }
    }

    pub(crate) fn dir(&self) -> &LogDir {
        &self.dir
    }

    /// Returns the oldest epoch whose state can still be shown.
    pub(crate) fn oldest(&self) -> Epoch {
        Epoch::new(self.oldest.load(Ordering::Acquire))
    }

    pub(crate) fn set_oldest(&self, epoch: Epoch) {
        self.oldest.store(epoch.get(), Ordering::Release);
    }

    /// Reads from `start` to `end`.
    pub(crate) fn reader(&self, start: Cursor, end: Lsn) -> Result<Reader, Error> {
        Reader::new(&self.dir, start, end).map_err(|error| self.failed(error, start))
    }

    /// Tells why the commit behind `before` could not be read.
    pub(crate) fn failed(&self, error: LogError, before: Cursor) -> Error {
        let (asked, oldest) = (Epoch::new(before.number), self.oldest());
        match error {
            LogError::Io { .. } if asked < oldest => Error::HistoryGone { asked, oldest },
            error => error.into(),
        }
    }

    /// The error for a commit that is whole but does not fit the state before it.
    pub(crate) fn does_not_fit(&self, commit: &Commit<'_>, what: String) -> Error {
        let (file, offset) = self.dir.place_of(commit.lsn);
        Error::Corrupt { file, offset, number: commit.epoch.get(), what }
    }
}
