//! The file that takes what is too much for memory.
//!
//! Invariant: the file is gone when this is dropped; what a crash leaves, the next opening removes.

use std::{path::PathBuf, sync::Arc};

use mmsb_tlog::{
    LogError,
    vfs::{Vfs, VfsFile},
};

use crate::Error;

/// What one write takes: for more the system may have to find memory in large pieces, which takes it several times as
/// long.
const CALL_BYTES: usize = 256 << 10;

/// The file, made with the first byte.
pub(super) struct Spill {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    file: Option<Arc<dyn VfsFile>>,
    end: u64,
}

impl Spill {
    /// Starts without a file.
    pub(super) fn new(vfs: &Arc<dyn Vfs>, path: PathBuf) -> Self {
        Self { vfs: Arc::clone(vfs), path, file: None, end: 0 }
    }

    /// Returns how many bytes it has.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes `bytes` at the end.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.vfs.create_new(&self.path).map_err(|source| self.failed("creating", 0, source))?,
        };
        self.file = Some(Arc::clone(&file));
        for piece in bytes.chunks(CALL_BYTES) {
            let written = file.write_at(self.end, piece);
            written.map_err(|source| self.failed("writing", self.end, source))?;
            self.end += piece.len() as u64;
        }
        Ok(())
    }

    /// Fills `to` with what was written at `at`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn read(&self, at: u64, to: &mut [u8]) -> Result<(), Error> {
        let Some(file) = &self.file else { unreachable!("what is not in memory is in the file") };
        let is_whole = file.read_at(at, to).and_then(|got| match got == to.len() {
            true => Ok(()),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        });
        is_whole.map_err(|source| self.failed("reading", at, source))
    }

    fn failed(&self, operation: &'static str, offset: u64, source: std::io::Error) -> Error {
        LogError::Io { operation, file: self.path.clone(), offset, source }.into()
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if self.file.is_some() {
            // What stays is removed by the next opening.
            let _ = self.vfs.remove(&self.path);
        }
    }
}
