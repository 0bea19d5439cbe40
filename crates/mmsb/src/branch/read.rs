//! Reading a branch: its own pages, and its base's for the rest.

use mmsb_types::{Epoch, PageId, Span};

use super::{Branch, layer::Owner};
use crate::{
    Error, GraphView, PageInfo, ToView, View,
    typed::{self, Readable},
    wave::token,
};

impl Branch {
    /// Fills `buffer` from the page, beginning at `offset`, and returns the epoch of these bytes.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`], and those of reading the base.
    pub fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        token::check()?;
        let state = self.state();
        match state.layer.owner(page) {
            Owner::Own(own) => copy(page, &own.bytes, offset, buffer).map(|()| own.epoch),
            Owner::Nobody => Err(state.layer.missing(page)),
            Owner::Base => {
                let read = self.inner.base.read(page, offset, buffer);
                read.map_err(|error| state.layer.as_of(error))
            }
        }
    }

    /// Reads a value from the page at `offset`.
    ///
    /// # Errors
    /// As [`Branch::read`], and [`Error::InvalidValue`].
    pub fn get<T: Readable>(&self, page: PageId, offset: u32) -> Result<T, Error> {
        typed::get(page, offset, |buffer| self.read(page, offset, buffer).map(drop))
    }

    /// Calls `visit` with all bytes of the page.
    ///
    /// # Errors
    /// As [`Branch::read`].
    pub fn with_page<R>(&self, page: PageId, visit: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        let mut bytes = vec![0; self.page_bytes(page)? as usize];
        self.read(page, 0, &mut bytes)?;
        Ok(visit(&bytes))
    }

    /// Returns the page's length, in bytes.
    ///
    /// # Errors
    /// As [`Branch::read`].
    pub fn page_bytes(&self, page: PageId) -> Result<u32, Error> {
        Ok(self.state().layer.life(&self.inner.base, page)?.0)
    }

    /// Returns the epoch of the commit that changed the page last, the branch's or its parent's.
    ///
    /// # Errors
    /// As [`Branch::read`].
    pub fn page_epoch(&self, page: PageId) -> Result<Epoch, Error> {
        Ok(self.state().layer.life(&self.inner.base, page)?.1)
    }

    /// Returns the live page with this name.
    ///
    /// # Errors
    /// Those of reading the base.
    pub fn page(&self, name: &str) -> Result<Option<PageId>, Error> {
        self.state().layer.named(&self.inner.base, name)
    }

    /// Returns who depends on whom.
    ///
    /// # Errors
    /// Those of reading the base.
    pub fn graph(&self) -> Result<GraphView, Error> {
        self.to_view()?.graph()
    }

    /// Lists the live pages by rising id.
    ///
    /// # Errors
    /// Those of reading the base.
    pub fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        self.state().layer.list(&self.inner.base)
    }
}

/// Copies a part of a page.
pub(super) fn copy(page: PageId, bytes: &[u8], offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
    let (len, page_bytes) = (buffer.len(), bytes.len() as u32);
    let span = u32::try_from(len).map(|len| Span::new(offset, len)).ok();
    let from = span.filter(|span| span.fits(page_bytes)).map(|span| &bytes[span.range()]);
    buffer.copy_from_slice(from.ok_or(Error::OutOfBounds { page, offset, len, page_bytes })?);
    Ok(())
}
