//! What a transaction holds about each of its pages, once it does more than write to living ones.
//!
//! Invariant: as soon as there is a detail, all of the transaction's changes are in it.

use mmsb_delta::{BatchView, Patch};
use mmsb_types::{PageEvent, PageId};

use super::{Life, TxPage, index::PageIndex, target::Target};
use crate::Error;

/// Pages and events of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Detail<'b> {
    pub(crate) pages: Vec<TxPage<'b>>,
    pub(crate) events: Vec<PageEvent>,
    index: PageIndex,
}

impl<'b> Detail<'b> {
    /// Takes over writes made so far: later ones win.
    ///
    /// # Errors
    /// [`Error::Conflict`]: a page lived when it was written to and does no more; those of reading a branch's
    /// base.
    pub(super) fn of_writes(target: Target<'_>, writes: BatchView<'_>) -> Result<Self, Error> {
        let mut detail = Self::default();
        for (page, patch) in writes.iter() {
            let found = detail.touch(target, page).map_err(|error| match error {
                Error::PageNotFound { page, .. } => Error::Conflict { page },
                error => error,
            })?;
            match patch {
                Patch::Fill { span, byte } => found.fill(span, byte),
                Patch::Bytes { offset, bytes } => found.overwrite(offset, bytes),
                Patch::Page { bytes } => found.overwrite(0, bytes),
                Patch::PageFill { byte, .. } => found.fill(patch.span(), byte),
            }
        }
        Ok(detail)
    }

    /// Returns the record of a live page, made at its first use.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub(super) fn touch(&mut self, target: Target<'_>, page: PageId) -> Result<&mut TxPage<'b>, Error> {
        let found = match self.index.get(&page) {
            Some(&index) => index,
            None => self.add(TxPage::new(page, target.page_bytes(page)?, Life::Old)),
        };
        let found = &mut self.pages[found];
        if found.life == Life::Dead {
            return Err(Error::PageNotFound { page, epoch: target.epoch() });
        }
        Ok(found)
    }

    pub(super) fn add(&mut self, page: TxPage<'b>) -> usize {
        let index = self.pages.len();
        self.index.insert(page.page, index);
        self.pages.push(page);
        index
    }
}
