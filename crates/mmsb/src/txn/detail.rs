//! What a transaction holds about each of its pages, once it does more than write to living ones.
//!
//! Invariant: as soon as there is a detail, all of the transaction's changes are in it.

use std::collections::HashMap;

use mmsb_delta::{BatchView, Patch};
use mmsb_types::{IdHash, PageEvent, PageId};

use super::{Life, TxPage, target::Target};
use crate::{Error, graph::GraphEdit};

/// Pages and events of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Detail<'b> {
    pub(crate) pages: Vec<TxPage<'b>>,
    pub(crate) events: Vec<PageEvent>,
    /// What is asked of the graph, in its order.
    pub(crate) edits: Vec<GraphEdit>,
    /// From a page to its place.
    index: HashMap<PageId, usize, IdHash>,
}

impl<'b> Detail<'b> {
    /// Takes over writes made so far: later ones win.
    ///
    /// # Errors
    /// [`Error::Conflict`]: a page lived when it was written to and does no more; those of reading a branch's
    /// base.
    pub(super) fn of_writes(target: Target<'_>, writes: BatchView<'_>) -> Result<Self, Error> {
        let mut detail = Self::default();
        detail.reserve(writes.len());
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

    /// Makes room for so many pages more.
    pub(crate) fn reserve(&mut self, pages: usize) {
        self.pages.reserve(pages);
        self.index.reserve(pages);
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

    /// Tells whether the page lives once the transaction is committed, if nobody else ends it.
    pub(crate) fn leaves_living(&self, page: PageId, lived: impl FnOnce() -> bool) -> bool {
        match self.index.get(&page).map(|&index| self.pages[index].life) {
            Some(Life::Born) => true,
            Some(Life::Dead) => false,
            Some(Life::Old) | None => lived(),
        }
    }

    /// Tells whether the graph is to change; `has_edges` tells of a page whether it is in the graph.
    pub(crate) fn edits_graph(&self, has_edges: impl Fn(PageId) -> bool) -> bool {
        self.edits.iter().any(|edit| match edit {
            GraphEdit::Event(_) => true,
            GraphEdit::Delete(page) => has_edges(*page),
        })
    }

    pub(super) fn add(&mut self, page: TxPage<'b>) -> usize {
        let index = self.pages.len();
        self.index.insert(page.page, index);
        self.pages.push(page);
        index
    }
}
