//! Growing: zeros go behind the log's end, some at a time, where it is synced often.
//!
//! To sync a file that got longer takes the disk several times as long as to sync one that did not. Segments that
//! follow others are prewritten as a whole; the first one, and one that was opened again, grow.
//!
//! Invariant: zeros go behind the file's end, by whoever writes the log, and never past a segment's length: they
//! overwrite nothing.

use super::{flush::Flush, progress::Progress};
use crate::{LogError, dir::io_error};

/// Zeros that are written together.
const GROW_BYTES: u64 = 256 << 10;
/// More are written where fewer are left.
const LEFT_BYTES_MIN: u64 = 16 << 10;
/// They are worth it if no more than this is written between two syncs.
const SYNC_BYTES_MAX: u64 = 64 << 10;
/// So many syncs show it, or what is written without them.
const SYNCS_MIN: u64 = 8;

/// How often a segment is synced, looked at a few syncs at a time: what it began with says nothing of what is going on.
#[derive(Debug, Default)]
pub(super) struct Pace {
    used: u64,
    syncs: u64,
    is_often: bool,
}

impl Pace {
    /// Begins with a segment, after so many syncs; the pace is what it was.
    pub(super) fn begin(&mut self, syncs: u64) {
        (self.used, self.syncs) = (0, syncs);
    }

    /// Tells whether a segment is synced often that holds `used` bytes after so many syncs.
    pub(super) fn is_often(&mut self, used: u64, syncs: u64) -> bool {
        let (bytes, count) = (used.saturating_sub(self.used), syncs - self.syncs);
        if count >= SYNCS_MIN || bytes > SYNCS_MIN * SYNC_BYTES_MAX {
            *self = Self { used, syncs, is_often: bytes <= count * SYNC_BYTES_MAX };
        }
        self.is_often
    }
}

impl Flush {
    /// Writes zeros behind the file's end if few are left there, and syncs come often enough to gain by it.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub(super) fn grow(&mut self, to: &Progress) -> Result<(), LogError> {
        let (used, from) = (self.used_bytes(), self.file_bytes);
        if from >= used + LEFT_BYTES_MIN {
            return Ok(());
        }
        let most = self.rotation.as_mut().map_or(0, |rotation| rotation.growth_max(used, to));
        let until = most.min(from + GROW_BYTES);
        if until > from {
            let zeros = vec![0; (until - from) as usize];
            self.file.write_at(from, &zeros).map_err(io_error("growing", &self.path, from))?;
            self.file_bytes = until;
        }
        Ok(())
    }
}
