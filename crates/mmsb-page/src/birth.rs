//! A page before it lives: private, zeroed, and able to appear without failing.
//!
//! Invariant: while a `NewPage` exists, its directory word says "changing", so no second one can be
//! made for its id; its slot is owned by it alone. Readers that knew the slot's last page may still
//! look at it, so even private bytes are written as atomic words.

use mmsb_types::{
    Epoch, PageId, Span,
    limits::{PAGE_BYTES_MAX, PAGE_BYTES_MIN},
};

use crate::{
    PageStore, StoreError,
    class::SizeClass,
    directory::{Directory, Slot},
    meta,
    stats::Born,
    sync::{Ordering, fence},
    table::Entry,
    words::Words,
};

/// A page that nobody sees yet. Dropped unpublished, it leaves nothing.
#[must_use = "a page that is not published is thrown away"]
pub struct NewPage<'s> {
    store: &'s PageStore,
    page: PageId,
    page_bytes: u32,
    entry: Entry<'s>,
    directory: Directory,
    slot: Slot,
    words: Words<'s>,
}

impl std::fmt::Debug for NewPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPage({}, {} bytes)", self.page, self.page_bytes)
    }
}

impl PageStore {
    /// Makes everything ready for a page of `page_bytes` zero bytes. All that can fail happens here.
    ///
    /// The id may have lived before; it must not live now.
    ///
    /// # Errors
    /// [`StoreError::PageBytes`], [`StoreError::IdOutOfRange`] and [`StoreError::NotFree`] for what was
    /// asked; [`StoreError::OutOfMemory`] if no memory is left.
    ///
    /// # Cost
    /// Some 50 ns; a reused slot is zeroed.
    pub fn prepare(&self, page: PageId, page_bytes: u32) -> Result<NewPage<'_>, StoreError> {
        if !(PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&page_bytes) {
            return Err(StoreError::PageBytes { page, page_bytes });
        }
        if page < PageId::FIRST || page > self.page_id_max {
            return Err(StoreError::IdOutOfRange { page, id_max: self.page_id_max });
        }
        self.forget_dead();
        self.arena.trim(self.counts.slot_bytes());
        let entry = self.table.enter(page, self.counts.pages())?;
        let claimed = claim(entry).ok_or(StoreError::NotFree { page });
        let directory = claimed.inspect_err(|_| self.table.leave(page))?;
        let slot = self.arena.allocate(SizeClass::of(page_bytes));
        let slot = slot.inspect_err(|_| self.unclaim(page, entry, directory))?;
        Ok(NewPage { store: self, page, page_bytes, entry, directory, slot, words: self.arena.words(slot) })
    }

    fn unclaim(&self, page: PageId, entry: Entry<'_>, claimed: Directory) {
        entry.hot.word.store(claimed.free());
        self.table.leave(page);
    }
}

impl<'s> NewPage<'s> {
    /// Returns the slot's words, which are this value's alone but for readers of the page that had them before.
    pub(crate) fn words(&self) -> Words<'s> {
        self.words
    }

    /// Returns the id the page will have.
    #[must_use]
    pub fn page(&self) -> PageId {
        self.page
    }

    /// Returns the page's exact length, in bytes.
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Returns the bytes the page will be born with.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the slot is this value's alone (type invariant), and its own stores need `&mut self`.
        unsafe { self.words.plain(self.page_bytes as usize) }
    }

    /// Writes bytes from `offset` on.
    ///
    /// # Panics
    /// If they pass the page's end.
    pub fn write(&mut self, offset: u32, bytes: &[u8]) {
        assert_inside(self.page, offset, bytes.len(), self.page_bytes);
        self.words.store(offset as usize, bytes);
    }

    /// Sets every byte of the span to `byte`.
    ///
    /// # Panics
    /// If the span passes the page's end.
    pub fn fill(&mut self, span: Span, byte: u8) {
        assert_inside(self.page, span.offset, span.len as usize, self.page_bytes);
        self.words.fill(span.offset as usize, span.len as usize, byte);
    }

    /// Lets the page live: from now on everyone sees it, last changed by `epoch`.
    ///
    /// # Cost
    /// A few stores; cannot fail, allocates nothing, takes no lock.
    pub fn publish(self, epoch: Epoch) {
        self.store.counts.add(&Born::one(self.page_bytes, self.slot.class));
        self.appear(epoch);
    }

    /// Counts the page, to be added to the store's sums before it ends.
    pub(crate) fn count(&self, born: &mut Born) {
        born.count(self.page_bytes, self.slot.class);
    }

    /// As [`NewPage::publish`], of a page that was counted.
    pub(crate) fn appear(self, epoch: Epoch) {
        // A reader of the id's last life that picks up the new length must see that life's end: this
        // fence pairs with the reader's.
        fence(Ordering::Release);
        self.entry.set_length(self.page_bytes, self.slot);
        // Before the directory word: who sees the page alive sees its own epoch, unlocked.
        self.entry.meta().store(meta::unlocked(epoch), Ordering::Release);
        self.entry.hot.word.store(self.directory.live(self.slot, self.page_bytes));
        std::mem::forget(self);
    }
}

impl Drop for NewPage<'_> {
    fn drop(&mut self) {
        self.store.arena.free(self.slot, self.words);
        self.store.unclaim(self.page, self.entry, self.directory);
    }
}

/// Stops a write that would pass the page's end: a broken promise of the caller.
#[inline]
#[track_caller]
pub(crate) fn assert_inside(page: PageId, offset: u32, len: usize, page_bytes: u32) {
    let end = offset as usize + len;
    assert!(end <= page_bytes as usize, "{page}: {len} bytes from {offset} pass its end at {page_bytes}");
}

/// Takes a free id; `None` if it is in use.
fn claim(entry: Entry<'_>) -> Option<Directory> {
    let free = entry.directory();
    let claimed = free.changing();
    (free.is_free() && entry.hot.word.replace(free, claimed)).then_some(claimed)
}
