//! The plain verbs of the original design, for those who know it.

use std::path::Path;

use mmsb_types::{Epoch, PageId};

use crate::{Bus, Committed, Error};

/// [`Bus::create`] by its original name.
///
/// # Errors
/// As [`Bus::create`].
pub fn start(path: impl AsRef<Path>) -> Result<Bus, Error> {
    Bus::create(path)
}

impl Bus {
    /// [`Bus::capture`] by its original name.
    ///
    /// # Errors
    /// As [`Bus::capture`].
    #[track_caller]
    pub fn update_page(&self, page: PageId, bytes: impl AsRef<[u8]>) -> Result<Committed, Error> {
        self.capture(page, bytes)
    }

    /// [`Bus::read`] by its original name.
    ///
    /// # Errors
    /// As [`Bus::read`].
    pub fn query_page(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        self.read(page, offset, buffer)
    }
}
