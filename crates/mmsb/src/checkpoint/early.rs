//! Pages that a checkpoint takes before their turn, because commits need the room in which they were saved.
//!
//! They are kept in memory up to half a megabyte. What is more goes to a file without a name of its own, in runs sorted by
//! id; a checkpoint asks by rising id, so only the next few pages of each run need be known.
//!
//! Invariant: memory is half a megabyte, and a thousandth of what is in the file, however many pages are taken.

mod runs;
mod spill;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use mmsb_tlog::{CheckpointRef, LogDir};
use mmsb_types::{Epoch, PageId};

use self::{runs::Runs, spill::Spill};
use crate::Error;

/// What is kept in memory.
const BUFFER_BYTES: usize = 512 << 10;
/// What a page in memory takes there beside its bytes, about.
const PLACE_BYTES: usize = 64;

/// The pages.
pub(super) struct Early {
    spill: Spill,
    runs: Runs,
    /// Those that are in no run.
    pages: HashMap<PageId, Place>,
    /// Their bytes; they stand behind those of the file.
    buffer: Vec<u8>,
}

/// A page, and where its bytes are: in the file, then in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) page: PageId,
    pub(super) changed: Epoch,
    pub(super) page_bytes: u32,
    at: u64,
}

impl Early {
    /// Starts without pages and without a file.
    pub(super) fn new(dir: &LogDir, epoch: Epoch) -> Self {
        let path = dir.temporary_path(&format!("{}.early", CheckpointRef::name_of(epoch.get())));
        Self::with(Spill::new(dir.vfs(), path))
    }

    fn with(spill: Spill) -> Self {
        Self { spill, runs: Runs::default(), pages: HashMap::new(), buffer: Vec::new() }
    }

    /// Adds a page as it was; allocates, and does nothing else.
    pub(super) fn add(&mut self, page: PageId, changed: Epoch, bytes: &[u8]) {
        let (page_bytes, at) = (bytes.len() as u32, self.spill.end() + self.buffer.len() as u64);
        self.pages.insert(page, Place { page, changed, page_bytes, at });
        self.buffer.extend_from_slice(bytes);
    }

    /// Moves what is too much for memory to the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn spill(&mut self) -> Result<(), Error> {
        if self.buffer.len() + self.pages.len() * PLACE_BYTES < BUFFER_BYTES {
            return Ok(());
        }
        self.spill.append(&self.buffer)?;
        self.buffer.clear();
        let mut places: Vec<Place> = self.pages.drain().map(|(_, place)| place).collect();
        places.sort_unstable_by_key(|place| place.page);
        self.runs.add(&mut self.spill, &places)
    }

    /// Returns where the page is, if it was taken. Pages are asked for by rising id, each once.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn find(&mut self, page: PageId) -> Result<Option<Place>, Error> {
        match self.pages.get(&page) {
            Some(place) => Ok(Some(*place)),
            None => self.runs.find(&self.spill, page),
        }
    }

    /// Fills `to`, which is of the page's length.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn read(&self, place: Place, to: &mut [u8]) -> Result<(), Error> {
        let Some(start) = place.at.checked_sub(self.spill.end()) else {
            return self.spill.read(place.at, to);
        };
        let start = start as usize;
        to.copy_from_slice(&self.buffer[start..start + to.len()]);
        Ok(())
    }
}
