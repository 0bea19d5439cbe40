//! Filling a store that nobody else uses yet: what a log says, put in place without locks.
//!
//! Invariant: a `Restore` has the store to itself, so page bytes are plain memory, and no order of stores
//! matters: whoever sees the store afterwards sees all of it. What comes in may be hostile: an id that does
//! not live or a range past a page's end is an error, and changes nothing.

mod runs;

use std::ops::Range;

use mmsb_types::{Epoch, PageId, Span};

use crate::{
    PageStore, RestoreError, StoreError, meta,
    store::View,
    sync::Ordering,
    table::{Entry, Hot},
};

pub use self::runs::{Content, Run};

/// A store held alone, to be filled.
///
/// Epochs are the caller's, as everywhere: those of one page rise, or stay the same within a commit.
#[derive(Debug)]
pub struct Restore<'s> {
    store: &'s mut PageStore,
}

impl PageStore {
    /// Takes the store alone, to fill it. Pins that live age: nothing is saved for them.
    pub fn restore(&mut self) -> Restore<'_> {
        while self.pins.age_oldest(&self.pins.book()) {}
        Restore { store: self }
    }
}

impl Restore<'_> {
    /// Returns the store as it stands, to look at and to [prefetch](PageStore::prefetch_bytes).
    #[must_use]
    pub fn store(&self) -> &PageStore {
        self.store
    }

    /// Gives birth to a page of `page_bytes` zeros. It takes no memory before it is written to.
    ///
    /// # Errors
    /// As [`PageStore::prepare`].
    pub fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), StoreError> {
        self.store.prepare(page, page_bytes)?.publish(epoch);
        Ok(())
    }

    /// Writes bytes from `offset` on.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`], [`RestoreError::OutOfBounds`].
    ///
    /// # Cost
    /// A plain copy, and a look at the page's words.
    #[inline]
    pub fn write(
        &mut self,
        page: PageId,
        offset: u32,
        bytes: &[u8],
        epoch: Epoch,
    ) -> Result<(), RestoreError> {
        self.range_mut(page, offset, bytes.len(), epoch).map(|to| to.copy_from_slice(bytes))
    }

    /// Sets every byte of the span to `byte`.
    ///
    /// # Errors
    /// As [`Restore::write`].
    #[inline]
    pub fn fill(&mut self, page: PageId, span: Span, byte: u8, epoch: Epoch) -> Result<(), RestoreError> {
        self.range_mut(page, span.offset, span.len as usize, epoch).map(|to| to.fill(byte))
    }

    /// Lends the whole page to be changed, as of `epoch`.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`].
    #[inline]
    pub fn page_mut(&mut self, page: PageId, epoch: Epoch) -> Result<&mut [u8], RestoreError> {
        let (entry, view) = find(self.store, page)?;
        Ok(lend(entry.hot, view, epoch))
    }

    /// Ends the page's life as of `epoch`.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`].
    pub fn retire(&mut self, page: PageId, epoch: Epoch) -> Result<(), RestoreError> {
        let (_, view) = find(self.store, page)?;
        self.store.end_life(page, view, epoch);
        Ok(())
    }

    #[inline]
    fn range_mut(
        &mut self,
        page: PageId,
        offset: u32,
        len: usize,
        epoch: Epoch,
    ) -> Result<&mut [u8], RestoreError> {
        let (entry, view) = find(self.store, page)?;
        let range = inside(offset, len, view.page_bytes).ok_or(RestoreError::OutOfBounds {
            page,
            offset,
            len,
            page_bytes: view.page_bytes,
        })?;
        Ok(&mut lend(entry.hot, view, epoch)[range])
    }
}

/// Finds a living page; the caller has the store alone, so it stays as found.
#[inline]
fn find(store: &PageStore, page: PageId) -> Result<(Entry<'_>, View<'_>), RestoreError> {
    let find = || {
        let entry = store.table.entry(page)?;
        let directory = entry.directory();
        Some((entry, store.view(entry, directory, directory.slot()?)?))
    };
    find().ok_or(RestoreError::NotFound { page })
}

/// Dates the page, and lends its bytes. The two come from `find`.
#[inline]
fn lend<'a>(hot: &Hot, view: View<'a>, epoch: Epoch) -> &'a mut [u8] {
    debug_assert!(epoch >= meta::epoch(hot.meta.load(Ordering::Relaxed)), "epochs fell to {epoch}");
    hot.meta.store(meta::unlocked(epoch), Ordering::Relaxed);
    // SAFETY: a `Restore` borrows the store mutably (type), and lends its bytes for as long as it is
    // itself borrowed mutably (signatures of its methods): nobody else can reach the slot.
    unsafe { view.words.plain_mut(view.page_bytes as usize) }
}

/// Returns the range, if it lies inside the page.
#[inline]
fn inside(offset: u32, len: usize, page_bytes: u32) -> Option<Range<usize>> {
    let end = (offset as usize).checked_add(len)?;
    (end <= page_bytes as usize).then_some(offset as usize..end)
}
