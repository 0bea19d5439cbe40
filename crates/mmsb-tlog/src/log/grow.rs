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
const SYNC_BYTES_MAX: u64 = 32 << 10;
/// So many syncs of a segment show it.
const SYNCS_MIN: u64 = 8;

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
        let most = self.rotation.as_ref().map_or(0, |rotation| rotation.growth_max(used, to));
        let until = most.min(from + GROW_BYTES);
        if until > from {
            let zeros = vec![0; (until - from) as usize];
            self.file.write_at(from, &zeros).map_err(io_error("growing", &self.path, from))?;
            self.file_bytes = until;
        }
        Ok(())
    }
}

/// Tells whether a segment is synced often that holds `used` bytes after so many syncs.
pub(super) fn is_synced_often(used: u64, syncs: u64) -> bool {
    syncs >= SYNCS_MIN && used / syncs <= SYNC_BYTES_MAX
}
