//! Holding a page: one compare-and-swap of its lock word.
//!
//! Invariant: while a `PageLock` (or the `PageWriter` made of it) exists, its owner's number stands in
//! the page's lock word, the page lives, and nobody else stores to its slot. A lock that is dropped
//! puts the word back as it was.
//!
//! Why the page found is the page held: the lock word is read before the directory word, and a page's
//! end changes both. If the compare-and-swap still finds the lock word read first, no end came between;
//! the directory word is compared once more all the same, so that memory safety does not hang on the
//! caller's epochs rising.

use std::marker::PhantomData;

use mmsb_types::{Epoch, PageId};

use crate::{
    Committer, LockError, PageStore, PageWriter, meta,
    store::View,
    sync::{Backoff, Ordering},
    table::Entry,
};

/// A page held by a committer, not yet changed. Dropping it lets go and leaves no trace.
#[must_use = "a lock that is dropped lets its page go"]
pub struct PageLock<'a> {
    held: Held<'a>,
    /// Held for as long as the committer is borrowed, and on its thread.
    committer: PhantomData<&'a Committer<'a>>,
}

/// What a lock knows about its page.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) store: &'a PageStore,
    pub(crate) page: PageId,
    pub(crate) entry: Entry<'a>,
    /// The lock word before, unlocked.
    pub(crate) before: u64,
    pub(crate) view: View<'a>,
}

/// What one attempt at a page found.
pub(crate) enum Attempt<'a> {
    /// No such page lives.
    Gone,
    /// The page is somebody's: this owner's, or 0 if it just changed hands.
    Busy(u8),
    /// The page is ours.
    Held(Held<'a>),
}

impl std::fmt::Debug for PageLock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PageLock({}, {})", self.held.page, self.epoch())
    }
}

impl PageStore {
    /// Tries once to lock the page; `None` if somebody else holds it.
    ///
    /// Who holds other pages must not wait for this one: let go of all, and start again.
    ///
    /// # Errors
    /// [`LockError::NotFound`] if no such page lives, [`LockError::AlreadyHeld`] if `committer` itself
    /// holds it.
    #[inline]
    pub fn try_lock<'a>(
        &'a self,
        page: PageId,
        committer: &'a Committer<'_>,
    ) -> Result<Option<PageLock<'a>>, LockError> {
        match self.attempt(page, committer.number()) {
            Attempt::Gone => Err(LockError::NotFound { page }),
            Attempt::Busy(owner) if owner == committer.number() => Err(LockError::AlreadyHeld { page }),
            Attempt::Busy(_) => Ok(None),
            Attempt::Held(held) => Ok(Some(PageLock { held, committer: PhantomData })),
        }
    }

    /// Locks the page, waiting as long as somebody else holds it.
    ///
    /// Only one committer at a time may wait while it holds other pages, or two would wait for each
    /// other: that is what the caller's bulk ticket is for.
    ///
    /// # Errors
    /// As [`PageStore::try_lock`].
    pub fn lock_wait<'a>(
        &'a self,
        page: PageId,
        committer: &'a Committer<'_>,
    ) -> Result<PageLock<'a>, LockError> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(lock) = self.try_lock(page, committer)? {
                return Ok(lock);
            }
            backoff.wait();
        }
    }

    #[inline]
    pub(crate) fn attempt(&self, page: PageId, owner: u8) -> Attempt<'_> {
        let Some(entry) = self.table.entry(page) else { return Attempt::Gone };
        let before = entry.lock_word();
        let directory = entry.directory();
        let Some(slot) = directory.slot() else { return Attempt::Gone };
        let locked = meta::locked(before, owner);
        if meta::owner(before) != 0 {
            return Attempt::Busy(meta::owner(before));
        }
        if !entry.lock(before, locked) {
            return Attempt::Busy(0);
        }
        match self.view(entry, directory, slot) {
            Some(view) if entry.directory() == directory => {
                Attempt::Held(Held { store: self, page, entry, before, view })
            }
            _ => {
                // Put back only what is still ours: a birth may have stored a new word over it. Whoever
                // saw the word meanwhile saw a busy page.
                let _ = entry.meta().compare_exchange(locked, before, Ordering::Release, Ordering::Relaxed);
                Attempt::Busy(0)
            }
        }
    }
}

impl<'a> PageLock<'a> {
    /// Wraps a page held under the readers' number.
    pub(crate) fn of_reader(held: Held<'a>) -> Self {
        Self { held, committer: PhantomData }
    }

    /// Returns the page's id.
    #[must_use]
    pub fn page(&self) -> PageId {
        self.held.page
    }

    /// Returns the epoch of the bytes as they stand.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        meta::epoch(self.held.before)
    }

    /// Returns the page's exact length, in bytes.
    #[inline]
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.held.view.page_bytes
    }

    /// Returns the page's bytes as they stand.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: nobody but the holder stores to the slot (type invariant), and the holder can only
        // after giving up this value.
        unsafe { self.held.view.words.plain(self.page_bytes() as usize) }
    }

    /// Turns the lock into the right to write: the point of no return, after which nothing may fail.
    ///
    /// Call it for every page of a commit before writing to the first.
    #[inline]
    pub fn into_writer(self) -> PageWriter<'a> {
        let writer = PageWriter::new(self.held);
        std::mem::forget(self);
        writer
    }

    pub(crate) fn view(&self) -> View<'a> {
        self.held.view
    }
}

impl Drop for PageLock<'_> {
    #[inline]
    fn drop(&mut self) {
        self.held.entry.meta().store(self.held.before, Ordering::Release);
    }
}
