//! The pages one commit holds, compact and in reused memory.
//!
//! A [`Group`] takes pages one by one and remembers them in the order asked for; whoever asks for a page
//! twice is told so by the page's own lock word, without a search. [`Group::into_writer`] is the point of
//! no return.
//!
//! Invariant: every record but a repeated one stands for a page that this committer's number holds; a
//! dropped `Group` puts every lock word back.

mod writer;

use mmsb_types::{Epoch, PageId};

use crate::{
    Committer, PageStore, meta,
    store::View,
    sync::{AtomicU64, Backoff, Ordering},
    table::Entry,
};
pub use writer::GroupWriter;

/// Groups that ask for lock words ahead after one met somebody else.
const WARY_GROUPS: u32 = 256;
/// How many pages ahead they ask.
const WARY_AHEAD: usize = 16;

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
