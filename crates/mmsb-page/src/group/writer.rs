//! A group past the point of no return: it stores bytes, then ends its pages in their order.
//!
//! Invariant: whoever has a writer ends every page of it; one that is dropped before aborts the process, for
//! bytes may be half written, and others may have been logged.

use std::{io::Write, ops::Range};

use mmsb_types::{Epoch, PageId, Span};

use super::Group;
use crate::{
    meta,
    pins::Wanted,
    preimage::Saving,
    sync::{Fault, Ordering, abort, fence_unless, is_planted, order},
};

/// How many pages ahead of their turn the bytes of pages that must be saved are asked for.
const SAVE_AHEAD: usize = 2;

/// A group past the point of no return.
#[derive(Debug)]
#[must_use = "every page of a group must be ended; dropping it before aborts the process"]
pub struct GroupWriter<'a> {
    group: Group<'a>,
    /// Records that were ended.
    ended: usize,
}

impl<'a> Group<'a> {
    /// Turns the group into the right to write: the point of no return, after which nothing may fail.
    #[inline]
    pub fn into_writer(self) -> GroupWriter<'a> {
        // Keeps every later word store behind every lock word: a reader that sees one of the words, then
        // fences, sees its page locked. (The compare-and-swap that locked it keeps only later loads
        // behind.)
        fence_unless(Fault::WriterFence, Ordering::Release);
        GroupWriter { group: self, ended: 0 }
    }
}

impl GroupWriter<'_> {
    /// Returns the bytes of a record's page, with what was written so far.
    #[inline(always)]
    #[must_use]
    pub fn bytes(&self, index: usize, span: Span) -> &[u8] {
        &self.group.bytes(index)[span.range()]
    }

    /// Returns all bytes of a record's page, with what was written so far.
    #[must_use]
    pub fn whole(&self, index: usize) -> &[u8] {
        self.group.bytes(index)
    }

    /// Saves pages for snapshots that need them, if there are any: `records`, each with its page, are those
    /// that will be written. `until` is the commit's number.
    ///
    /// To be called after the number was taken, before the first write. Room was made by
    /// [`PageStore::stash`](crate::PageStore::stash); without, snapshots age.
    ///
    /// # Cost
    /// Two loads; for each page changed since a snapshot was taken, nothing; for any other, a copy of it.
    #[inline]
    pub fn preserve(&mut self, records: impl Iterator<Item = (usize, PageId)>, until: Epoch) {
        self.preserve_each(records.map(|record| (record, until)));
    }

    /// Saves pages as [`GroupWriter::preserve`] does for commits that took their numbers together: each record
    /// with that of its own.
    #[inline]
    pub fn preserve_each(&mut self, records: impl Iterator<Item = ((usize, PageId), Epoch)>) {
        let wanted = self.group.store.pins.wanted();
        if !wanted.is_empty() {
            self.save(records, wanted);
        }
    }

    #[cold]
    fn save(&self, records: impl Iterator<Item = ((usize, PageId), Epoch)>, wanted: Wanted) {
        let Group { store, committer, records: all, .. } = &self.group;
        let mut saving = Saving::new(store, committer.number());
        for ((index, page), until) in records {
            if let Some(next) = all.get(index + SAVE_AHEAD) {
                next.view.words.prefetch_all(next.view.page_bytes as usize);
            }
            let record = &all[index];
            let seq = meta::epoch(record.before);
            if record.is_first() && wanted.has(page, seq) {
                saving.add(page, record.view, seq, until);
            }
        }
    }

    /// Asks the memory for bytes of a record's page that are about to be written.
    #[inline]
    pub fn prefetch(&self, index: usize, span: Span) {
        self.group.records[index].view.words.prefetch(span.offset, span.len as usize);
    }

    /// Writes bytes into a record's page from `offset` on.
    ///
    /// # Panics
    /// If they pass the page's end; the process then aborts. The caller has checked when locking.
    #[inline(always)]
    pub fn write(&mut self, index: usize, offset: u32, bytes: &[u8]) {
        let view = self.group.records[index].view;
        assert!(offset as usize + bytes.len() <= view.page_bytes as usize, "a write passes its page's end");
        view.words.store(offset as usize, bytes);
    }

    /// Writes bytes as [`GroupWriter::write`] does, and shows those that were there to `save` before.
    ///
    /// # Panics
    /// As [`GroupWriter::write`].
    #[inline(always)]
    pub fn replace(&mut self, index: usize, offset: u32, bytes: &[u8], save: impl FnOnce(&[u8])) {
        let view = self.group.records[index].view;
        // SAFETY: nobody but the holder stores to the slot (type invariant), and this does after the borrow's end.
        let old = unsafe { view.words.plain(view.page_bytes as usize) };
        save(&old[offset as usize..][..bytes.len()]);
        view.words.store(offset as usize, bytes);
    }

    /// Sets every byte of the span to `byte`.
    ///
    /// # Panics
    /// As [`GroupWriter::write`].
    #[inline]
    pub fn fill(&mut self, index: usize, span: Span, byte: u8) {
        let view = self.group.records[index].view;
        assert!(span.fits(view.page_bytes), "a fill passes its page's end");
        view.words.fill(span.offset as usize, span.len as usize, byte);
    }

    /// Lets the next `count` records go: their new bytes are visible, as of `epoch`.
    ///
    /// # Panics
    /// If there are fewer; the process then aborts.
    #[inline]
    pub fn publish(&mut self, count: usize, epoch: Epoch) {
        let word = meta::unlocked(epoch);
        for record in &self.group.records[self.take(count)] {
            // The fault is just that; who looks for it shall find it by what readers see.
            let is_later = meta::epoch(record.before) < epoch || is_planted(Fault::NumberBeforeLocks);
            debug_assert!(is_later, "{record:?}: published as {epoch}");
            if record.is_first() {
                record.meta.store(word, order(Fault::PublishOrder, Ordering::Release));
            }
        }
        self.ended += count;
    }

    /// Lets the next record go as it was: its page was only read.
    pub fn publish_unchanged(&mut self) {
        for record in &self.group.records[self.take(1)] {
            record.meta.store(record.before, Ordering::Release);
        }
        self.ended += 1;
    }

    /// Ends the life of the next record's page, which must be `page`, as of `epoch`.
    ///
    /// # Cost
    /// A few stores; allocates nothing and takes no lock.
    pub fn retire(&mut self, page: PageId, epoch: Epoch) {
        let index = self.take(1).start;
        self.group.store.end_life(page, self.group.records[index].view, epoch);
        self.ended += 1;
    }

    fn take(&self, count: usize) -> Range<usize> {
        self.ended..self.ended + count
    }
}

impl Drop for GroupWriter<'_> {
    fn drop(&mut self) {
        if self.ended == self.group.records.len() {
            // Nothing is held any more.
            return self.group.records.clear();
        }
        // Not `eprintln`, which panics where standard error is closed.
        let _ = writeln!(std::io::stderr(), "{self:?}: dropped half written; aborting");
        abort();
    }
}
