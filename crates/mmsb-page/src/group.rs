//! The pages one commit holds, compact and in reused memory.
//!
//! A [`Group`] takes pages one by one and remembers them in the order asked for; whoever asks for a page
//! twice is told so by the page's own lock word, without a search. [`Group::into_writer`] is the point of
//! no return: a [`GroupWriter`] stores bytes, then ends the pages one after the other, in their order.
//!
//! Invariant: every record but a repeated one stands for a page that this committer's number holds; a
//! dropped `Group` puts every lock word back, and a `GroupWriter` dropped before its last page was ended
//! aborts the process: bytes may be half written, and others may have been logged.

use std::{io::Write, ops::Range};

use mmsb_types::{Epoch, PageId, Span};

use crate::{
    Committer, PageStore, meta,
    pins::Wanted,
    preimage::Saving,
    store::View,
    sync::{AtomicU64, Backoff, Fault, Ordering, abort, fence_unless, order},
    table::Entry,
};

/// Groups that ask for lock words ahead after one met somebody else.
const WARY_GROUPS: u32 = 256;
/// How many pages ahead they ask.
const WARY_AHEAD: usize = 16;

/// How many pages ahead of their turn the bytes of pages that must be saved are asked for.
const SAVE_AHEAD: usize = 2;

/// Memory for a group's records, to be used again and again.
#[derive(Debug, Default)]
pub struct GroupBuf {
    records: Vec<Record<'static>>,
    /// Groups to come that ask for lock words ahead, since one met a page that somebody else held.
    wary: u32,
}

/// Pages held by one committer, not yet changed. Dropping it lets all go and leaves no trace.
#[derive(Debug)]
#[must_use = "a group that is dropped lets its pages go"]
pub struct Group<'a> {
    store: &'a PageStore,
    committer: &'a Committer<'a>,
    buffer: &'a mut GroupBuf,
    records: Vec<Record<'a>>,
}

/// A group past the point of no return.
#[derive(Debug)]
#[must_use = "every page of a group must be ended; dropping it before aborts the process"]
pub struct GroupWriter<'a> {
    group: Group<'a>,
    /// Records that were ended.
    ended: usize,
}

/// What one attempt at a page came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The page is held and has a record.
    Locked,
    /// The group holds it already; it has another record for the same bytes.
    Again,
    /// Somebody else holds it; no record.
    Busy,
    /// No page lives there that reaches so far; no record.
    Gone,
}

/// One page of the group.
#[derive(Clone, Copy)]
struct Record<'a> {
    meta: &'a AtomicU64,
    view: View<'a>,
    /// The lock word before, unlocked; the locked word if the page has an earlier record.
    before: u64,
}

impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes of {}", self.view.page_bytes, meta::epoch(self.before))
    }
}

impl GroupBuf {
    /// Returns how many bytes the memory takes.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.records.capacity() * size_of::<Record<'_>>()
    }
}

impl<'a> Group<'a> {
    /// Starts without pages, in the memory of `buffer`.
    pub fn new(store: &'a PageStore, committer: &'a Committer<'_>, buffer: &'a mut GroupBuf) -> Self {
        let records = recycled(std::mem::take(&mut buffer.records));
        buffer.wary = buffer.wary.saturating_sub(1);
        Self { store, committer, buffer, records }
    }

    /// Makes room for so many more records, so that taking them allocates nothing.
    pub fn reserve(&mut self, count: usize) {
        self.records.reserve(count);
    }

    /// Tries once to take the page, which must be at least `end` bytes long.
    ///
    /// Who holds pages must not wait for this one, unless nobody else may do so meanwhile.
    #[inline]
    pub fn try_lock(&mut self, page: PageId, end: u32) -> Hold {
        take(self.store, self.committer.number(), &mut self.records, page, end)
    }

    /// Tries to take the pages of `runs`, each with the end it must reach, until one cannot be taken, and
    /// returns that one; notes in `again` the records of pages that had one before.
    ///
    /// # Cost
    /// About ten nanoseconds a page. Lock words that another processor changed last take ten times as long,
    /// one after the other: so they are asked for ahead, as long as others were met not long ago.
    #[inline]
    pub fn try_lock_each(
        &mut self,
        runs: &mut (impl Iterator<Item = (PageId, u32)> + Clone),
        again: &mut Vec<u32>,
    ) -> Option<(PageId, u32, Hold)> {
        if self.buffer.wary == 0 {
            return self.take_each(runs, again, || {});
        }
        let (store, mut ahead) = (self.store, runs.clone());
        let mut ask = move || {
            if let Some((page, _)) = ahead.next() {
                store.prefetch_lock(page);
            }
        };
        (0..WARY_AHEAD).for_each(|_| ask());
        self.take_each(runs, again, ask)
    }

    #[inline(always)]
    fn take_each(
        &mut self,
        runs: &mut impl Iterator<Item = (PageId, u32)>,
        again: &mut Vec<u32>,
        mut ask_ahead: impl FnMut(),
    ) -> Option<(PageId, u32, Hold)> {
        // Held in registers: what lies behind an acquiring load is loaded anew after each of them.
        let (store, own) = (self.store, self.committer.number());
        for (page, end) in runs {
            ask_ahead();
            match take(store, own, &mut self.records, page, end) {
                Hold::Locked => {}
                Hold::Again => again.push(self.records.len() as u32 - 1),
                hold => {
                    self.buffer.wary = WARY_GROUPS;
                    return Some((page, end, hold));
                }
            }
        }
        None
    }

    /// Takes the page, waiting as long as somebody else holds it; never answers [`Hold::Busy`].
    ///
    /// Only one committer at a time may wait while it holds pages, or two would wait for each other: that
    /// is what the caller's bulk ticket is for.
    pub fn lock_wait(&mut self, page: PageId, end: u32) -> Hold {
        let mut backoff = Backoff::default();
        loop {
            match self.try_lock(page, end) {
                Hold::Busy => backoff.wait(),
                hold => return hold,
            }
        }
    }

    /// Lets go of the records from `count` on, as if they had never been taken.
    pub fn truncate(&mut self, count: usize) {
        self.let_go(count);
        self.records.truncate(count);
    }

    /// Returns how many records there are, repeated ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the epoch of a record's bytes as they stand; it must not be a repeated one.
    #[must_use]
    pub fn epoch(&self, index: usize) -> Epoch {
        meta::epoch(self.records[index].before)
    }

    /// Returns a record's page's exact length, in bytes.
    #[must_use]
    pub fn page_bytes(&self, index: usize) -> u32 {
        self.records[index].view.page_bytes
    }

    /// Returns a record's bytes as they stand.
    #[inline]
    #[must_use]
    pub fn bytes(&self, index: usize) -> &[u8] {
        let view = self.records[index].view;
        // SAFETY: nobody but the holder stores to the slot (type invariant), and the holder can only
        // after giving up this value.
        unsafe { view.words.plain(view.page_bytes as usize) }
    }

    /// Turns the group into the right to write: the point of no return, after which nothing may fail.
    #[inline]
    pub fn into_writer(self) -> GroupWriter<'a> {
        // Keeps every later word store behind every lock word: a reader that sees one of the words, then
        // fences, sees its page locked. (The compare-and-swap that locked it keeps only later loads
        // behind.)
        fence_unless(Fault::WriterFence, Ordering::Release);
        GroupWriter { group: self, ended: 0 }
    }

    fn let_go(&self, from: usize) {
        for record in self.records[from..].iter().filter(|record| record.is_first()) {
            record.meta.store(record.before, Ordering::Release);
        }
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.let_go(0);
        self.buffer.records = recycled(std::mem::take(&mut self.records));
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
    /// [`PageStore::stash`]; without, snapshots age.
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
            debug_assert!(meta::epoch(record.before) < epoch, "{record:?}: published as {epoch}");
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

impl Record<'_> {
    /// Tells whether the page has no earlier record.
    #[inline]
    fn is_first(&self) -> bool {
        meta::owner(self.before) == 0
    }
}

/// Tries once to take the page under the owner number `own`; leaves a record if that went well.
#[inline(always)]
fn take<'a>(store: &'a PageStore, own: u8, records: &mut Vec<Record<'a>>, page: PageId, end: u32) -> Hold {
    let Some(entry) = store.table.entry(page) else { return Hold::Gone };
    let before = entry.lock_word();
    let directory = entry.directory();
    let Some(slot) = directory.slot() else { return Hold::Gone };
    let owner = meta::owner(before);
    if owner == 0 {
        if !entry.lock(before, meta::locked(before, own)) {
            return Hold::Busy;
        }
    } else if owner != own {
        return Hold::Busy;
    }
    let view = store.view(entry, directory, slot);
    match view.filter(|_| entry.directory() == directory) {
        Some(view) if end <= view.page_bytes => {
            records.push(Record { meta: entry.meta(), view, before });
            if owner == 0 { Hold::Locked } else { Hold::Again }
        }
        _ => untake(entry, before, own, view.is_some()),
    }
}

/// Puts back what is still ours: a birth may have stored a new word over it. Whoever saw the word meanwhile
/// saw a busy page.
#[cold]
fn untake(entry: Entry<'_>, before: u64, own: u8, is_short: bool) -> Hold {
    if meta::owner(before) == 0 {
        let locked = meta::locked(before, own);
        let _ = entry.meta().compare_exchange(locked, before, Ordering::Release, Ordering::Relaxed);
    }
    if is_short { Hold::Gone } else { Hold::Busy }
}

/// Empties a list and gives its memory to one of another lifetime; collecting in place allocates nothing.
fn recycled<'b>(mut records: Vec<Record<'_>>) -> Vec<Record<'b>> {
    records.clear();
    records.into_iter().map(|_| unreachable!("the list is empty")).collect()
}
