//! Reading the live state, page by page.

use std::cell::Cell;

use mmsb_types::{Epoch, PageId};

use super::read_error;
use crate::{
    Bus, Error,
    typed::{self, Readable},
    wave::token,
};

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Bus {
    /// Fills `buffer` from the page, beginning at `offset`, and returns the epoch of these bytes.
    ///
    /// The bytes are of one epoch: no part of a commit is ever seen. Two reads promise nothing together.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`].
    ///
    /// # Cost
    /// One copy; blocks no writer, and waits for one only if it keeps changing the page.
    pub fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        token::check()?;
        self.store().read(page, offset, buffer).map_err(|error| read_error(error, self.epoch()))
    }

    /// Reads a value from the page at `offset`.
    ///
    /// # Errors
    /// As [`Bus::read`], and [`Error::InvalidValue`].
    pub fn get<T: Readable>(&self, page: PageId, offset: u32) -> Result<T, Error> {
        typed::get(page, offset, |buffer| self.read(page, offset, buffer).map(drop))
    }

    /// Calls `visit` with all bytes of the page, of one epoch, in a buffer that is used again.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn with_page<R>(&self, page: PageId, visit: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        token::check()?;
        with_buffer(|buffer| {
            let read = self.store().read_page(page, buffer);
            read.map(|_| visit(buffer)).map_err(|error| read_error(error, self.epoch()))
        })
    }

    /// Returns the page's length, in bytes.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn page_bytes(&self, page: PageId) -> Result<u32, Error> {
        self.store().page_bytes(page).ok_or_else(|| Error::PageNotFound { page, epoch: self.epoch() })
    }

    /// Returns the epoch of the commit that changed the page last.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn page_epoch(&self, page: PageId) -> Result<Epoch, Error> {
        self.store().epoch(page).ok_or_else(|| Error::PageNotFound { page, epoch: self.epoch() })
    }
}

/// Lends the thread's buffer for the bytes of a page. Whoever reads while it is lent gets another one.
pub(crate) fn with_buffer<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    let result = work(&mut buffer);
    // A thread that reads while it ends may have lost its buffer already.
    let _ = BUFFER.try_with(|kept| kept.set(buffer));
    result
}
