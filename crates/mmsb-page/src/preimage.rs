//! Pre-images: what pages were before a commit changed them, for as long as a snapshot needs it.
//!
//! A commit that is about to change a page copies it first, if a snapshot was taken since the page's last
//! change. The copy holds the page as of every epoch in `[seq, until)`: from the commit that made the
//! bytes up to the one that replaced them.
//!
//! 1. Before it locks anything, a commit makes sure of room for all of its pages ([`PageStore::stash`]):
//!    every committer number has a private stash of chunks. That may reclaim, and may age a snapshot.
//! 2. After it took its number, it asks [`Pins`](crate::pins::Pins) once whether anything is wanted.
//! 3. Before the first write to each page it [saves](PageStore::save) it: a copy into the stash, linked
//!    into the page's chain. No lock, no allocation, no system call. If there is no room after all, the
//!    snapshots age instead: a commit is never undone for their sake.
//!
//! Reading order of the files: `chunks` (memory), `record` (one copy), `chain` (a page's copies),
//! `stash` (room without locks), `reclaim` (chunks that nobody needs).
//!
//! Invariant: a page's chain holds every interval that a pin which has not aged lies in; intervals are
//! not empty, do not overlap, and stand newest first. The memory is capped; below the cap it follows the largest commit.

mod chain;
mod check;
mod chunks;
mod reclaim;
mod record;
mod stash;

use mmsb_types::{Epoch, PageId};

pub(crate) use chunks::CHUNK_BYTES;
pub(crate) use record::Record;

use crate::{
    Committer, PageStore,
    preimage::{
        chunks::{CHUNK_WORDS, Chunks},
        record::HEADER_WORDS,
        stash::Stash,
    },
    store::View,
    sync::AtomicU64,
};

/// Owner numbers, used or not.
const NUMBER_COUNT: usize = u8::MAX as usize + 1;

/// There is room for so many commits as large as the largest one, as far as the cap goes: what the one before it
/// replaced is still to be swept, or taken by the owner of a protected pin, when the next one comes.
const COMMITS: u64 = 8;

/// Records that are linked together.
const UNLINKED_MAX: usize = 16;

/// Room that a commit needs for pre-images of all of its pages. Start with the default, add every page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    words: u64,
}

/// Memory for pre-images; see the file's head.
pub(crate) struct PreImages {
    pub(crate) chunks: Chunks,
    /// Goes up before a chunk that was read from may be written again: readers look at it before and
    /// after, as at a page's lock word.
    pub(crate) reclaims: AtomicU64,
    stashes: Box<[Stash]>,
}

/// Figures about snapshots and their memory; while others commit, they may disagree a little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreImageStats {
    /// Pins that live, clones and aged ones included.
    pub pins: u64,
    /// Pins older than this have aged.
    pub aged_below: Epoch,
    /// Most bytes that pre-images may take, unless a larger commit comes.
    pub cap_bytes: u64,
    /// Bytes that were ever handed out; they stay with the process.
    pub touched_bytes: u64,
    /// Bytes that nobody uses: what was never handed out, and what was reclaimed.
    pub free_bytes: u64,
    /// Pre-images made since the store's birth.
    pub saved: u64,
    /// Chunks of 64 KiB reclaimed since the store's birth.
    pub reclaims: u64,
}

impl Need {
    /// Adds a page of this length.
    #[inline]
    pub fn add(&mut self, page_bytes: u32) {
        self.words += HEADER_WORDS as u64 + u64::from(page_bytes).div_ceil(8);
    }

    /// Takes a page of this length out again, which was added once too often.
    pub fn take(&mut self, page_bytes: u32) {
        let mut page = Self::default();
        page.add(page_bytes);
        self.words = self.words.saturating_sub(page.words);
    }

    /// Adds what another commit needs.
    #[inline]
    pub fn add_all(&mut self, other: Self) {
        self.words += other.words;
    }

    /// Returns how many bytes that is.
    #[inline]
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.words * 8
    }

    /// Returns a bound for so many pages of `page_bytes` bytes together.
    #[inline]
    #[must_use]
    pub fn of(page_count: u64, page_bytes: u64) -> Self {
        // Each page rounds up by less than a word.
        Self { words: page_count * (HEADER_WORDS as u64 + 1) + page_bytes / 8 }
    }
}

impl PreImages {
    /// Makes room for `bytes` of pre-images, whole chunks, and for more where commits are large, up to `bytes_max`;
    /// maps no memory yet.
    pub(crate) fn new(bytes: u64, bytes_max: u64) -> Self {
        let [count, count_max] = [bytes, bytes_max].map(|bytes| bytes / CHUNK_BYTES as u64);
        let chunks = Chunks::new(count, count_max);
        let stashes = (0..NUMBER_COUNT).map(|_| Stash::default()).collect();
        Self { chunks, reclaims: AtomicU64::new(0), stashes }
    }

    /// Makes the room that commits with this need ask for, as far as the cap goes; for one that can never have enough, none.
    fn grow_for(&self, need: Need) {
        let count = need.words.div_ceil(stash::SPARE_WORDS);
        if count <= self.chunks.count_max() {
            self.chunks.grow(count.saturating_mul(COMMITS));
        }
    }

    /// Returns how many words more than its need a stash keeps.
    fn spare_words(&self) -> u64 {
        (u64::from(self.chunks.count()) / 16).max(1) * CHUNK_WORDS as u64
    }

    /// Returns the most words of records that a stash can have room for.
    fn room_max(&self) -> u64 {
        u64::from(self.chunks.count()) * stash::SPARE_WORDS
    }
}

/// Pages that a committer holds and has not written to yet, being saved.
///
/// Copies are made first and linked later, many at a time: a link is a locked operation, which waits until all
/// stores before it are done, and copies that miss the cache are better waited for together.
pub(crate) struct Saving<'a> {
    store: &'a PageStore,
    stash: &'a Stash,
    /// Records that are in no chain yet.
    unlinked: [(PageId, u32); UNLINKED_MAX],
    unlinked_count: usize,
    /// The stash's [chunk](Stash::chunk_link) before the first of them was written.
    first_chunk: u32,
}

impl<'a> Saving<'a> {
    /// Begins to save what a commit of this committer number replaces.
    pub(crate) fn new(store: &'a PageStore, number: u8) -> Self {
        let stash = &store.preimages.stashes[usize::from(number)];
        let unlinked = [(PageId::new(0), 0); UNLINKED_MAX];
        Self { store, stash, unlinked, unlinked_count: 0, first_chunk: stash.chunk_link() }
    }

    /// Saves a page whose bytes were published by `seq` and will be replaced by `until`. To be called where
    /// [`Wanted::has`](crate::pins::Wanted::has) says so. Ages all snapshots below `until` if there is no room.
    ///
    /// # Cost
    /// A copy of the page. No lock, no allocation.
    pub(crate) fn add(&mut self, page: PageId, view: View<'_>, seq: Epoch, until: Epoch) {
        let interval = [seq.get(), until.get()];
        match self.store.preimages.chunks.write(self.stash, page, interval, view) {
            Some(record) => {
                self.unlinked[self.unlinked_count] = (page, record);
                self.unlinked_count += 1;
            }
            None => self.store.pins.age_below(until),
        }
        if self.unlinked_count == UNLINKED_MAX {
            self.link();
        }
    }

    /// Links what was copied into the pages' chains.
    fn link(&mut self) {
        let chunks = &self.store.preimages.chunks;
        for &(page, record) in &self.unlinked[..self.unlinked_count] {
            // The caller holds the page, so it has an entry.
            if let Some(entry) = self.store.table.entry(page) {
                chunks.push(entry.ver(), record);
            }
        }
        self.unlinked_count = 0;
        // Only now: a sealed chunk may be reclaimed, and its records with it.
        self.stash.seal_from(chunks, self.first_chunk);
        self.first_chunk = self.stash.chunk_link();
    }
}

impl Drop for Saving<'_> {
    fn drop(&mut self) {
        self.link();
    }
}

impl PageStore {
    /// Makes sure that pre-images of all pages of a commit have room, as far as there is any: by taking
    /// chunks that are free, by reclaiming what no snapshot needs, by ageing snapshots, the oldest first. Where
    /// a [protected](PageStore::pin_protected) pin needs the room, waits for its owner; false if that took too long,
    /// and the commit must not go on.
    ///
    /// To be called for every commit, before its first lock, whether or not there are snapshots: one may
    /// come up to the moment the commit takes its number.
    ///
    /// # Cost
    /// Three loads and a comparison, unless the stash ran low.
    #[inline]
    #[must_use = "a commit without room must not go on"]
    pub fn stash(&self, committer: &Committer<'_>, need: Need) -> bool {
        let stash = &self.preimages.stashes[usize::from(committer.number())];
        // One comparison: too little room wraps around to a huge surplus.
        stash.room().wrapping_sub(need.words) <= self.preimages.spare_words() || self.top_up(stash, need)
    }

    /// Saves one page; see [`Saving`].
    #[cold]
    pub(crate) fn save(&self, page: PageId, view: View<'_>, seq: Epoch, until: Epoch, number: u8) {
        Saving::new(self, number).add(page, view, seq, until);
    }

    /// Returns figures about snapshots and their memory.
    ///
    /// # Cost
    /// A few hundred loads, and a moment of the pins' mutex.
    #[must_use]
    pub fn preimage_stats(&self) -> PreImageStats {
        let chunks = &self.preimages.chunks;
        let bytes = |count: u32| u64::from(count) * CHUNK_BYTES as u64;
        PreImageStats {
            pins: self.pins.book().count(),
            aged_below: self.pins.aged(),
            cap_bytes: bytes(chunks.count()),
            touched_bytes: bytes(chunks.touched_count()),
            free_bytes: bytes(chunks.free_count()),
            saved: self.preimages.stashes.iter().map(Stash::saved).sum(),
            reclaims: self.preimages.reclaims.load(crate::sync::Ordering::Relaxed),
        }
    }
}
