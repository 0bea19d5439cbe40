//! Reading an aged snapshot from the log: one pass for all pages wanted.
//!
//! Invariant: the answers are those the memory would have given.

use mmsb_types::{Epoch, Label, PageId, Span};

use super::pinned::Pinned;
use crate::{Error, PageInfo, state::PageBytes};

impl Pinned {
    /// Returns one page's bytes and the epoch of its last change.
    pub(super) fn page_from_log(&self, page: PageId) -> Result<(Epoch, PageBytes), Error> {
        let mut found = None;
        self.each_from_log(&[page], |_, epoch, bytes| {
            found = Some((epoch, bytes));
            Ok(())
        })?;
        found.ok_or(Error::PageNotFound { page, epoch: self.epoch() })
    }

    /// Reads a part of one page.
    pub(super) fn read_from_log(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        let (epoch, bytes) = self.page_from_log(page)?;
        copy(page, offset, buffer, &bytes)?;
        Ok(epoch)
    }

    /// Reads parts of any number of pages, in one pass.
    pub(super) fn read_many_from_log(&self, reads: &mut [(PageId, u32, &mut [u8])]) -> Result<(), Error> {
        let pages: Vec<PageId> = reads.iter().map(|&(page, ..)| page).collect();
        let mut reads = reads.iter_mut();
        self.each_from_log(&pages, |page, _, bytes| {
            reads.next().map_or(Ok(()), |(_, offset, buffer)| copy(page, *offset, buffer, &bytes))
        })
    }

    /// Visits any number of pages, in one pass.
    pub(super) fn visit_from_log(
        &self,
        pages: &[PageId],
        visit: &mut dyn FnMut(PageId, &[u8]),
    ) -> Result<(), Error> {
        self.each_from_log(pages, |page, _, bytes| {
            visit(page, &bytes);
            Ok(())
        })
    }

    /// Lists the pages.
    pub(super) fn list_from_log(&self) -> Result<Vec<PageInfo>, Error> {
        self.settle()?;
        self.bus.journal.list_at(self.epoch()).map_err(|error| self.too_old(error))
    }

    /// Returns the label of the commit that made the state.
    pub(super) fn label(&self) -> Result<Option<Label>, Error> {
        self.settle()?;
        self.bus.journal.maker_of(self.epoch()).map(|(label, _)| label).map_err(|error| match error {
            Error::NoHistory => error,
            error => self.too_old(error),
        })
    }

    fn each_from_log(
        &self,
        pages: &[PageId],
        mut take: impl FnMut(PageId, Epoch, PageBytes) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.settle()?;
        let epoch = self.epoch();
        let found = self.bus.journal.pages_at(epoch, pages).map_err(|error| self.too_old(error))?;
        for (page, state) in found {
            let (changed, bytes) = state.ok_or(Error::PageNotFound { page, epoch })?;
            take(page, changed, bytes)?;
        }
        Ok(())
    }

    /// Tells in the user's words that the log does not reach back to the snapshot.
    fn too_old(&self, error: Error) -> Error {
        match error {
            Error::HistoryGone { .. } | Error::NoHistory => Error::SnapshotTooOld { epoch: self.epoch() },
            error => error,
        }
    }
}

/// Fills `buffer` from a page's bytes.
fn copy(page: PageId, offset: u32, buffer: &mut [u8], bytes: &[u8]) -> Result<(), Error> {
    let (len, page_bytes) = (buffer.len(), bytes.len() as u32);
    let span = u32::try_from(len).map(|len| Span::new(offset, len)).ok().filter(|span| span.fits(page_bytes));
    let span = span.ok_or(Error::OutOfBounds { page, offset, len, page_bytes })?;
    buffer.copy_from_slice(&bytes[span.range()]);
    Ok(())
}
