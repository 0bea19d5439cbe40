//! Torn-free reads that hold nobody up.
//!
//! A read takes the lock word and the directory word, copies, and looks at both again. If either
//! changed, the copy may be torn, or of another page that got the slot: it is thrown away. After
//! eight such failures the reader locks the page for the length of one copy, so that a saturated
//! writer cannot starve it.
//!
//! Invariant: what a read returns stood in the page, all of it at once, at some moment during the
//! read, and was published by the epoch returned.

use mmsb_types::{Epoch, PageId, env};

use crate::{
    PageStore, ReadError,
    lock::{Attempt, PageLock},
    meta::{self, READER},
    store::View,
    sync::{Backoff, Fault, Ordering, fence_unless, is_planted, spin_loop},
    table::Entry,
};

/// Copies thrown away before a reader takes the page's lock.
const TRIES_MAX: u32 = if cfg!(loom) { 1 } else { 8 };

/// What one look at a page gave.
enum Look<T> {
    /// No such page lives.
    Gone,
    /// Something changed meanwhile.
    Torn,
    /// A copy that stood in the page all at once.
    Whole(T, Epoch),
}

impl PageStore {
    /// Fills `out` with the page's bytes from `offset` on, and returns the epoch that published them.
    ///
    /// Must not be called while this thread holds the page's lock: it would wait for itself.
    ///
    /// # Errors
    /// [`ReadError::NotFound`], [`ReadError::OutOfBounds`]; `out` may have been written to.
    ///
    /// # Cost
    /// About three times a plain copy where nobody writes.
    #[inline]
    pub fn read(&self, page: PageId, offset: u32, out: &mut [u8]) -> Result<Epoch, ReadError> {
        // One look does nearly always, and what follows it is kept out of its way.
        let look = self.table.entry(page).map(|entry| self.look(entry, &mut |view| take(view, offset, out)));
        match look {
            Some(Look::Whole(Ok(()), epoch)) => Ok(epoch),
            _ => self.read_again(page, offset, out),
        }
    }

    /// Fills `out` with the whole page, resizing it to the exact length, and returns the epoch that
    /// published it. Reusing one buffer allocates nothing.
    ///
    /// Must not be called while this thread holds the page's lock: it would wait for itself.
    ///
    /// # Errors
    /// [`ReadError::NotFound`], [`ReadError::OutOfMemory`]; `out` may have been written to.
    #[inline]
    pub fn read_page(&self, page: PageId, out: &mut Vec<u8>) -> Result<Epoch, ReadError> {
        let copy = |view: View<'_>| {
            env::resize(out, view.page_bytes as usize).map_err(|_| view.page_bytes)?;
            view.words.load(0, out);
            Ok(())
        };
        let (copied, epoch) = self.visit(page, copy).ok_or(ReadError::NotFound { page })?;
        copied.map(|()| epoch).map_err(|page_bytes| ReadError::OutOfMemory { page, page_bytes })
    }

    #[cold]
    fn read_again(&self, page: PageId, offset: u32, out: &mut [u8]) -> Result<Epoch, ReadError> {
        let copied = self.visit(page, |view| take(view, offset, out));
        let (result, epoch) = copied.ok_or(ReadError::NotFound { page })?;
        let len = out.len();
        result.map(|()| epoch).map_err(|page_bytes| ReadError::OutOfBounds { page, offset, len, page_bytes })
    }

    /// Runs `copy` until it ran on bytes that stood in the page all at once.
    #[inline]
    fn visit<T>(&self, page: PageId, mut copy: impl FnMut(View<'_>) -> T) -> Option<(T, Epoch)> {
        let entry = self.table.entry(page)?;
        for _ in 0..TRIES_MAX {
            match self.look(entry, &mut copy) {
                Look::Gone => return None,
                Look::Whole(value, epoch) => return Some((value, epoch)),
                Look::Torn => spin_loop(),
            }
        }
        self.visit_locked(page, copy)
    }

    #[inline]
    fn look<T>(&self, entry: Entry<'_>, copy: &mut impl FnMut(View<'_>) -> T) -> Look<T> {
        let before = entry.meta().load(Ordering::Acquire);
        let directory = entry.directory();
        let Some(slot) = directory.slot() else { return Look::Gone };
        if meta::owner(before) != 0 {
            return Look::Torn;
        }
        let Some(view) = self.view(entry, directory, slot) else { return Look::Torn };
        let value = copy(view);
        // If any word (or the length) was a later writer's, that writer's lock word or the page's end
        // is visible to the loads below.
        fence_unless(Fault::ReaderFence, Ordering::Acquire);
        let unchanged = is_planted(Fault::ReaderRecheck)
            || entry.directory() == directory && entry.meta().load(Ordering::Relaxed) == before;
        if unchanged { Look::Whole(value, meta::epoch(before)) } else { Look::Torn }
    }

    #[cold]
    fn visit_locked<T>(&self, page: PageId, mut copy: impl FnMut(View<'_>) -> T) -> Option<(T, Epoch)> {
        let mut backoff = Backoff::default();
        loop {
            match self.attempt(page, READER) {
                Attempt::Gone => return None,
                Attempt::Busy(_) => backoff.wait(),
                Attempt::Held(held) => {
                    let lock = PageLock::of_reader(held);
                    return Some((copy(lock.view()), lock.epoch()));
                }
            }
        }
    }
}

/// Copies the bytes from `offset` on; if they pass the page's end, fails with its length.
#[inline]
fn take(view: View<'_>, offset: u32, out: &mut [u8]) -> Result<(), u32> {
    let fits = out.len() as u64 + u64::from(offset) <= u64::from(view.page_bytes);
    fits.then(|| view.words.load(offset as usize, out)).ok_or(view.page_bytes)
}
