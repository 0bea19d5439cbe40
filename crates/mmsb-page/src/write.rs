//! Changing a held page, then letting everyone see it.
//!
//! Invariant: a `PageWriter` ends in `publish` or `retire`. Its bytes may be half written, and others
//! may have been logged: if it is dropped on the way, by a panic, the process aborts, and recovery
//! starts from the log.

use std::{io::Write, marker::PhantomData};

use mmsb_types::{Epoch, PageId, Span};

use crate::{
    Committer, PageStore,
    birth::assert_inside,
    lock::Held,
    meta,
    store::View,
    sync::{Fault, Ordering, abort, fence_unless, order},
};

/// A held page past the point of no return.
#[must_use = "a writer must be published or retired; dropping it aborts the process"]
pub struct PageWriter<'a> {
    held: Held<'a>,
    is_preserved: bool,
    committer: PhantomData<&'a Committer<'a>>,
}

impl std::fmt::Debug for PageWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PageWriter({}, after {})", self.held.page, meta::epoch(self.held.before))
    }
}

impl<'a> PageWriter<'a> {
    #[inline]
    pub(crate) fn new(held: Held<'a>) -> Self {
        // Keeps every later word store behind the lock word: a reader that sees one of the words, then
        // fences, sees the page locked. (The compare-and-swap that locked it keeps only later loads
        // behind.) One fence after the last lock would do for a whole commit; one per page, each after
        // its own lock, gives each page's readers the same and costs no instruction on x86-64.
        fence_unless(Fault::WriterFence, Ordering::Release);
        Self { held, is_preserved: false, committer: PhantomData }
    }

    /// Returns the page's id.
    #[must_use]
    pub fn page(&self) -> PageId {
        self.held.page
    }

    /// Returns the page's exact length, in bytes.
    #[inline]
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.held.view.page_bytes
    }

    /// Returns the page's bytes, with what was written so far.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: nobody but this value stores to the slot, and its own stores need `&mut self`.
        unsafe { self.held.view.words.plain(self.page_bytes() as usize) }
    }

    /// Saves the page for snapshots that need it, if there are any; `until` is the commit's number.
    ///
    /// To be called after the number was taken, for every page of the commit, before the first write to it.
    /// Room was made by [`PageStore::stash`](crate::PageStore::stash); without, snapshots age.
    ///
    /// # Cost
    /// Two loads; where a snapshot was taken since the page's last change, a copy of the page.
    #[inline]
    pub fn preserve(&mut self, until: Epoch) {
        let Held { store, page, entry, before, view, .. } = self.held;
        if !self.is_preserved && store.pins.wanted().has(page, meta::epoch(before)) {
            let number = meta::owner(entry.meta().load(Ordering::Relaxed));
            store.save(page, view, meta::epoch(before), until, number);
        }
        self.is_preserved = true;
    }

    /// Writes bytes from `offset` on.
    ///
    /// # Panics
    /// If they pass the page's end; the process then aborts. The caller has checked long before.
    #[inline]
    pub fn write(&mut self, offset: u32, bytes: &[u8]) {
        assert_inside(self.held.page, offset, bytes.len(), self.page_bytes());
        self.held.view.words.store(offset as usize, bytes);
    }

    /// Sets every byte of the span to `byte`.
    ///
    /// # Panics
    /// As [`PageWriter::write`].
    #[inline]
    pub fn fill(&mut self, span: Span, byte: u8) {
        assert_inside(self.held.page, span.offset, span.len as usize, self.page_bytes());
        self.held.view.words.fill(span.offset as usize, span.len as usize, byte);
    }

    /// Lets go of the page: its new bytes are visible, as of `epoch`.
    #[inline]
    pub fn publish(self, epoch: Epoch) {
        let held = self.finish(epoch);
        held.entry.meta().store(meta::unlocked(epoch), order(Fault::PublishOrder, Ordering::Release));
    }

    /// Ends the page's life as of `epoch`; its slot is free for others. What it was is saved first,
    /// as by [`PageWriter::preserve`].
    ///
    /// # Cost
    /// A few stores, and what preserving costs; allocates nothing and takes no lock.
    pub fn retire(mut self, epoch: Epoch) {
        self.preserve(epoch);
        let held = self.finish(epoch);
        held.store.end_life(held.page, held.view, epoch);
    }

    #[inline]
    fn finish(self, epoch: Epoch) -> Held<'a> {
        debug_assert!(epoch > meta::epoch(self.held.before), "{self:?}: published as {epoch}");
        let held = self.held;
        std::mem::forget(self);
        held
    }
}

impl PageStore {
    /// Ends the life of a page that the caller holds; `view` is its slot.
    pub(crate) fn end_life(&self, page: PageId, view: View<'_>, epoch: Epoch) {
        let entry = self.table.entry(page).expect("a page that is held has an entry");
        let directory = entry.directory();
        let retired = directory.retired();
        // Dead first, and closed to a next life until the lock word is settled: a birth in between
        // would see its own lock word overwritten.
        entry.hot.word.store(retired);
        entry.meta().store(meta::unlocked(epoch), Ordering::Release);
        entry.hot.word.store(retired.free());
        self.table.leave(page);
        if let Some(slot) = directory.slot() {
            self.counts.died(view.page_bytes, slot.class);
            self.arena.free(slot, view.words);
        }
    }
}

impl Drop for PageWriter<'_> {
    fn drop(&mut self) {
        // Not `eprintln`, which panics where standard error is closed.
        let _ = writeln!(std::io::stderr(), "{self:?}: dropped half written; aborting");
        abort();
    }
}
