//! Reading through a transaction: its own writes, and a precondition for what it saw.

use mmsb_types::{Epoch, PageId, Span};

use super::{Life, Transaction};
use crate::{
    Error,
    typed::{self, Readable},
};

impl Transaction<'_> {
    /// Fills `buffer` from the page, the transaction's own writes included.
    ///
    /// The page's epoch becomes a precondition of the commit.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`]; [`Error::Conflict`] if the page has changed since
    /// the transaction read it first.
    pub fn read(&mut self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let target = self.target;
        let found = self.touch(page)?;
        if found.life == Life::Born {
            check_bounds(page, offset, buffer.len(), found.page_bytes)?;
            buffer.fill(0);
        } else {
            let seen = target.read(page, offset, buffer)?;
            if *found.expected.get_or_insert(seen) != seen {
                return Err(Error::Conflict { page });
            }
        }
        found.read_over(offset, buffer);
        Ok(())
    }

    /// Reads a value from the page at `offset`, as [`Transaction::read`] does.
    ///
    /// # Errors
    /// As [`Transaction::read`], and [`Error::InvalidValue`].
    pub fn get<T: Readable>(&mut self, page: PageId, offset: u32) -> Result<T, Error> {
        typed::get(page, offset, |buffer| self.read(page, offset, buffer))
    }

    /// Lets the commit happen only if the page is then still as `epoch` left it.
    ///
    /// # Errors
    /// [`Error::PageNotFound`]; [`Error::Conflict`] if that is impossible already.
    pub fn expect_epoch(&mut self, page: PageId, epoch: Epoch) -> Result<(), Error> {
        let found = self.touch(page)?;
        if found.life == Life::Born || *found.expected.get_or_insert(epoch) != epoch {
            return Err(Error::Conflict { page });
        }
        Ok(())
    }
}

fn check_bounds(page: PageId, offset: u32, len: usize, page_bytes: u32) -> Result<(), Error> {
    match u32::try_from(len).map(|len| Span::new(offset, len)) {
        Ok(span) if span.fits(page_bytes) => Ok(()),
        _ => Err(Error::OutOfBounds { page, offset, len, page_bytes }),
    }
}
