//! Filling a store that nobody else uses yet: what a log or a checkpoint says, put in place without locks.
//!
//! A [`Restore`] may be split into parts, for threads: a page belongs to one of them, by its id alone. Pages may be
//! born from any number of threads at once.
//!
//! Invariant: the `Restore`s of one store have it to themselves, and each has its pages to itself, so page bytes
//! are plain memory, and no order of stores matters: whoever sees the store afterwards sees all of it. What comes
//! in may be hostile: an id that does not live or a range past a page's end is an error, and changes nothing.

mod births;
mod runs;

use std::{marker::PhantomData, ops::Range};

use mmsb_types::{Epoch, PageId, Span};

use crate::{
    PageStore, RestoreError, StoreError, meta,
    store::View,
    sync::Ordering,
    table::{Entry, Hot},
};

pub use self::{
    births::Births,
    runs::{Content, Run, Runs},
};

/// A store held alone, to be filled; or those of its pages that are one part's.
///
/// Epochs are the caller's, as everywhere: those of one page rise, or stay the same within a commit.
#[derive(Debug)]
pub struct Restore<'s> {
    store: &'s PageStore,
    share: Share,
    /// Nobody else has the store for so long.
    alone: PhantomData<&'s mut PageStore>,
}

/// Which pages are whose: those of part `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    index: u32,
    count: u32,
}

impl PageStore {
    /// Takes the store alone, to fill it. Pins that live age: nothing is saved for them.
    pub fn restore(&mut self) -> Restore<'_> {
        while self.pins.age_oldest(&self.pins.book()) {}
        Restore { store: self, share: Share { index: 0, count: 1 }, alone: PhantomData }
    }
}

impl<'s> Restore<'s> {
    /// Splits the store's pages into `count` parts, for as many threads: each page is one part's, whether it lives
    /// or not. Pages near each other are spread over all parts.
    ///
    /// # Panics
    /// If `count` is 0 or beyond 2^16, or this is a part.
    pub fn split(&mut self, count: usize) -> Vec<Restore<'_>> {
        assert!((1..=1 << 16).contains(&count), "{count} parts");
        assert!(self.share.count == 1, "a part is not split again");
        let part = |index| Restore {
            store: self.store,
            share: Share { index, count: count as u32 },
            alone: PhantomData,
        };
        (0..count as u32).map(part).collect()
    }

    /// Tells whether the page, living or not, is this part's.
    #[inline]
    #[must_use]
    pub fn owns(&self, page: PageId) -> bool {
        self.share.owns(page)
    }

    /// Tells whether such a page lives.
    #[must_use]
    pub fn contains(&self, page: PageId) -> bool {
        self.store.contains(page)
    }

    /// Gives birth to a page of `page_bytes` zeros. It takes no memory before it is written to.
    ///
    /// # Errors
    /// As [`PageStore::prepare`].
    ///
    /// # Panics
    /// If the page is another part's.
    pub fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), StoreError> {
        assert!(self.owns(page), "{page} is another part's");
        self.store.prepare(page, page_bytes)?.publish(epoch);
        Ok(())
    }

    /// Writes bytes from `offset` on.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`], [`RestoreError::OutOfBounds`].
    ///
    /// # Panics
    /// If the page is another part's.
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
    ///
    /// # Panics
    /// As [`Restore::write`].
    #[inline]
    pub fn fill(&mut self, page: PageId, span: Span, byte: u8, epoch: Epoch) -> Result<(), RestoreError> {
        self.range_mut(page, span.offset, span.len as usize, epoch).map(|to| to.fill(byte))
    }

    /// Lends the whole page to be changed, as of `epoch`.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`].
    ///
    /// # Panics
    /// As [`Restore::write`].
    #[inline]
    pub fn page_mut(&mut self, page: PageId, epoch: Epoch) -> Result<&mut [u8], RestoreError> {
        let (entry, view) = self.find(page)?;
        Ok(lend(entry.hot, view, epoch))
    }

    /// Ends the page's life as of `epoch`.
    ///
    /// # Errors
    /// [`RestoreError::NotFound`].
    ///
    /// # Panics
    /// As [`Restore::write`].
    pub fn retire(&mut self, page: PageId, epoch: Epoch) -> Result<(), RestoreError> {
        let (_, view) = self.find(page)?;
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
        let (entry, view) = self.find(page)?;
        let range = inside(offset, len, view.page_bytes).ok_or(RestoreError::OutOfBounds {
            page,
            offset,
            len,
            page_bytes: view.page_bytes,
        })?;
        Ok(&mut lend(entry.hot, view, epoch)[range])
    }

    /// Finds a living page, which is this part's: so it stays as found until this part changes it.
    #[inline]
    fn find(&self, page: PageId) -> Result<(Entry<'s>, View<'s>), RestoreError> {
        assert!(self.owns(page), "{page} is another part's");
        let store = self.store;
        let find = || {
            let entry = store.table.entry(page)?;
            let directory = entry.directory();
            Some((entry, store.view(entry, directory, directory.slot()?)?))
        };
        find().ok_or(RestoreError::NotFound { page })
    }
}

impl Share {
    /// Tells whether the page, living or not, is this part's: parts of the same `count` share out all ids, and no
    /// two have the same.
    #[inline]
    #[must_use]
    pub fn owns(self, page: PageId) -> bool {
        // Fibonacci hashing: ids at any distance from each other are spread evenly.
        let mixed = page.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.count == 1 || (mixed * u64::from(self.count)) >> 32 == u64::from(self.index)
    }
}

/// Dates the page, and lends its bytes. The two come from `find`, called by who now has its `Restore` mutably.
#[inline]
fn lend<'a>(hot: &Hot, view: View<'a>, epoch: Epoch) -> &'a mut [u8] {
    debug_assert!(epoch >= meta::epoch(hot.meta.load(Ordering::Relaxed)), "epochs fell to {epoch}");
    hot.meta.store(meta::unlocked(epoch), Ordering::Relaxed);
    // SAFETY: the store is borrowed mutably for as long as there are `Restore`s of it (type), of which one, at most,
    // owns this page (`find` looked; `Share`), and lends its bytes for as long as it is itself borrowed mutably
    // (signatures of its methods): nobody else can reach the slot. What a thread before did to it happened before:
    // slots change hands through the arena's lists.
    unsafe { view.words.plain_mut(view.page_bytes as usize) }
}

/// Returns the range, if it lies inside the page.
#[inline]
fn inside(offset: u32, len: usize, page_bytes: u32) -> Option<Range<usize>> {
    let end = (offset as usize).checked_add(len)?;
    (end <= page_bytes as usize).then_some(offset as usize..end)
}
