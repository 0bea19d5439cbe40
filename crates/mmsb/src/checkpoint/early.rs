//! Pages that a checkpoint takes before their turn, because commits need the room in which they were saved.
//!
//! They are kept in memory up to a few megabytes, beyond that in a file without a name of its own, until their
//! turn comes: a checkpoint's file has its pages by rising id.
//!
//! Invariant: the file is gone when this is dropped; what a crash leaves, the next opening removes.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use mmsb_tlog::{
    CheckpointRef, LogDir, LogError,
    vfs::{Vfs, VfsFile},
};
use mmsb_types::{Epoch, PageId};

use crate::Error;

/// What is kept in memory.
const BUFFER_BYTES: usize = 4 << 20;
/// What one write to the file takes: for more the system may have to find memory in large pieces, which takes it
/// several times as long.
const CALL_BYTES: usize = 256 << 10;

/// The pages.
pub(super) struct Early {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    file: Option<Arc<dyn VfsFile>>,
    pages: HashMap<PageId, Place>,
    /// The bytes behind those in the file.
    buffer: Vec<u8>,
    /// How many are in the file.
    file_bytes: u64,
}

/// Where a page's bytes are: in the file, then in the buffer.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) changed: Epoch,
    pub(super) page_bytes: u32,
    at: u64,
}

impl Early {
    /// Starts without pages and without a file.
    pub(super) fn new(dir: &LogDir, epoch: Epoch) -> Self {
        let path = dir.temporary_path(&format!("{}.early", CheckpointRef::name_of(epoch.get())));
        let (vfs, pages) = (Arc::clone(dir.vfs()), HashMap::new());
        Self { vfs, path, file: None, pages, buffer: Vec::new(), file_bytes: 0 }
    }

    /// Adds a page as it was; allocates, and does nothing else.
    pub(super) fn add(&mut self, page: PageId, changed: Epoch, bytes: &[u8]) {
        let (page_bytes, at) = (bytes.len() as u32, self.file_bytes + self.buffer.len() as u64);
        self.pages.insert(page, Place { changed, page_bytes, at });
        self.buffer.extend_from_slice(bytes);
    }

    /// Moves what is too much for memory to the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn spill(&mut self) -> Result<(), Error> {
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        let failed = |operation, offset| {
            let file = self.path.clone();
            move |source| Error::from(LogError::Io { operation, file, offset, source })
        };
        let file = match self.file.take() {
            Some(file) => file,
            None => self.vfs.create_new(&self.path).map_err(failed("creating", 0))?,
        };
        let file = self.file.insert(file);
        for piece in self.buffer.chunks(CALL_BYTES) {
            file.write_at(self.file_bytes, piece).map_err(failed("writing", self.file_bytes))?;
            self.file_bytes += piece.len() as u64;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Returns where the page is, if it was taken.
    pub(super) fn find(&self, page: PageId) -> Option<Place> {
        self.pages.get(&page).copied()
    }

    /// Fills `to`, which is of the page's length.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn read(&self, place: Place, to: &mut [u8]) -> Result<(), Error> {
        if let Some(start) = place.at.checked_sub(self.file_bytes) {
            let start = start as usize;
            to.copy_from_slice(&self.buffer[start..start + to.len()]);
            return Ok(());
        }
        let Some(file) = &self.file else { unreachable!("what is not in memory is in the file") };
        let got = file.read_at(place.at, to);
        let is_whole = got.and_then(|got| match got == to.len() {
            true => Ok(()),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        });
        is_whole.map_err(|source| {
            let file = self.path.clone();
            LogError::Io { operation: "reading", file, offset: place.at, source }.into()
        })
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        if self.file.is_some() {
            // What stays is removed by the next opening.
            let _ = self.vfs.remove(&self.path);
        }
    }
}
