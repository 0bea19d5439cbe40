//! Files made of segments: `idx-<segment>` holds what somebody above the log found out about one.
//!
//! Invariant: an index says nothing that the segment does not, so no manifest names it and nobody needs it to be
//! durable: one that is missing, torn or otherwise bad is made again. It goes with its segment.

use std::{io, path::PathBuf};

use mmsb_types::env;

use super::{LogDir, io_error, leftovers::INDEX};
use crate::{
    LogError, SegmentHead,
    vfs::{Access, VfsFile},
};

impl LogDir {
    /// Returns the path of a segment's index.
    #[must_use]
    pub fn index_path(&self, head: &SegmentHead) -> PathBuf {
        self.path().join(index_name(head))
    }

    /// Reads a segment's index as it is, at most `bytes_max` of it; `None` if there is none, or a longer one.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn read_index(&self, head: &SegmentHead, bytes_max: u64) -> Result<Option<Vec<u8>>, LogError> {
        let path = self.index_path(head);
        let failed = io_error("reading", &path, 0);
        let file = match self.vfs().open(&path, Access::ReadOnly) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let len = file.len().map_err(failed)?;
        if len > bytes_max {
            return Ok(None);
        }
        read_whole(file.as_ref(), len).map(Some).map_err(failed)
    }

    /// Puts a segment's index in the place of the one there is, if any. A power cut may leave the old one, the
    /// new one, or a torn one.
    ///
    /// Only who holds the bus's lock writes.
    ///
    /// # Errors
    /// [`LogError::Io`]; the old one is then still there.
    pub fn write_index(&self, head: &SegmentHead, bytes: &[u8]) -> Result<(), LogError> {
        let path = self.index_path(head);
        let temporary = self.temporary_path(&index_name(head));
        // What an earlier try left; if it cannot be removed, it cannot be created either.
        let _ = self.vfs().remove(&temporary);
        let file = self.vfs().create_new(&temporary).map_err(io_error("creating", &temporary, 0))?;
        let written = file.write_at(0, bytes).map_err(io_error("writing", &temporary, 0));
        let written = written
            .and_then(|()| self.vfs().rename(&temporary, &path).map_err(io_error("renaming", &temporary, 0)));
        written.inspect_err(|_| drop(self.vfs().remove(&temporary)))
    }
}

fn index_name(head: &SegmentHead) -> String {
    format!("{INDEX}{}", head.segment)
}

fn read_whole(file: &dyn VfsFile, len: u64) -> io::Result<Vec<u8>> {
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = Vec::new();
    env::resize(&mut bytes, len)?;
    let got = file.read_at(0, &mut bytes)?;
    bytes.truncate(got);
    Ok(bytes)
}
