//! Getting chunks back: from records that no pin needs, from idle numbers, and in the end from old pins.
//!
//! A hand goes round the chunks. At each sealed one it goes on where it stopped last time: a dead record
//! is taken out of its chain, a live one stops it, and a chunk swept to its end is free. What is dead
//! stays dead (a new pin is never older than what was replaced before it), so every record is passed
//! once, and a chunk that stays costs one look a round.
//!
//! What only a protected pin needs is taken by its owner, who keeps it elsewhere; then it is dead, too.
//!
//! Invariant: when a chunk becomes free, none of its records is in a chain, and the counter of reclaims
//! went up in between. A reader that began before sees the counter change; one that began after it sees
//! the chains without those records.

use std::time::Duration;

use mmsb_types::{Epoch, PageId};

use super::{
    HEADER_WORDS, Need,
    chunks::{CHUNK_WORDS, Chunks},
    record::{Record, page_of},
    stash::Stash,
};
use crate::{
    PageStore, Pin,
    committer::Patience,
    meta::READER,
    pins::Book,
    sync::{Arc, AtomicU64, MutexGuard, Ordering},
    table::Entry,
    words::Words,
};

/// How long a commit waits for the owner of a protected pin.
const SHIELD_WAIT: Duration = Duration::from_secs(10);
/// Looks at whether a chunk is free between two looks at all chunks.
const NAPS: u32 = if cfg!(loom) { 1 } else { 16 };
/// Chunks that one call looks at for what the owner of a protected pin may take, and bytes that it hands out, a
/// chunk more at most.
const TAKE_CHUNKS: u32 = 16;
const TAKE_BYTES: u64 = 256 << 10;
/// Looks ahead of need that one call may take, at records or chunks: some 50 us.
const LOOKS_AHEAD: u32 = 256;
/// How many pieces ahead a sweep asks for their pages' chains; for their headers, twice as many.
const PIECES_AHEAD: usize = 6;

impl PageStore {
    /// Fills a stash up to `need`, or as far as it goes; false if a protected pin stood in the way for too long.
    #[cold]
    pub(super) fn top_up(&self, stash: &Stash, need: Need) -> bool {
        let chunks = &self.preimages.chunks;
        stash.give_back(chunks, need);
        self.preimages.grow_for(need);
        let mut patience = Patience::new(SHIELD_WAIT);
        // A commit that can never have room keeps none from others; what it replaces is lost to snapshots.
        let can_fit = need.words <= self.preimages.room_max();
        while stash.room() < need.words {
            let taken = if can_fit { self.take_chunk() } else { None };
            match taken {
                Some(chunk) => stash.add(chunks, chunk),
                None if !self.pins.has_shield() => break,
                None => {
                    // Two that each hold a part would wait for each other.
                    stash.give_back(chunks, Need::default());
                    if !self.wait_for_owner(&mut patience) {
                        return false;
                    }
                }
            }
        }
        if can_fit {
            self.reclaim_ahead();
        }
        true
    }

    /// Sleeps until the owner of the protected pin has freed a chunk, or is gone, or for so long that a look at all
    /// chunks costs little beside; false if that was for too long.
    fn wait_for_owner(&self, patience: &mut Patience) -> bool {
        for _ in 0..NAPS {
            if !patience.nap() {
                return false;
            }
            if self.preimages.chunks.free_count() > 0 || !self.pins.has_shield() {
                break;
            }
        }
        true
    }

    /// Takes a chunk, at the oldest pin's cost if need be; `None` if all are in use.
    fn take_chunk(&self) -> Option<u32> {
        let chunks = &self.preimages.chunks;
        loop {
            match chunks.take_used().or_else(|| self.take_swept()).or_else(|| chunks.take_new()) {
                None if self.make_free() => {}
                taken => return taken,
            }
        }
    }

    /// Tells whether less than half of the room for pre-images is left: time for the owner of a protected pin to
    /// [take](PageStore::take_saved) what is his.
    ///
    /// # Cost
    /// A load.
    #[must_use]
    pub fn is_room_short(&self) -> bool {
        let chunks = &self.preimages.chunks;
        chunks.free_count() <= chunks.count() / 2
    }

    /// Hands to `take` pages that commits saved for a [protected](PageStore::pin_protected) pin, in no order that means
    /// anything: id, the epoch that had published them, bytes. Their room is free then, and reads as of the pin
    /// find them no more. Returns how many there were; other calls find others. `take` must be short, and must not
    /// pin.
    ///
    /// # Cost
    /// A look at a few chunks of 64 KiB, and a copy of each page. Nobody pins meanwhile for longer than one chunk
    /// takes.
    pub fn take_saved(&self, pin: &Pin, take: &mut dyn FnMut(PageId, Epoch, &[u8])) -> u64 {
        assert!(Arc::ptr_eq(&self.pins, pin.pins()), "{pin:?} is another store's");
        let mut taker = Taker { take, buffer: Vec::new(), count: 0, bytes: 0 };
        for _ in 0..self.preimages.chunks.count().min(TAKE_CHUNKS) {
            let mut book = self.pins.book();
            self.sweep_with(&mut book, &mut 0, Some(&mut taker));
            if taker.bytes >= TAKE_BYTES {
                break;
            }
        }
        taker.count
    }

    /// Frees what no pin needs since one went, so that commits need not: for whoever has the time.
    ///
    /// # Cost
    /// Some 100 ns for each pre-image of a page of 1 KiB. Others can pin meanwhile.
    pub fn reclaim(&self) {
        let count = self.preimages.chunks.count();
        for _ in 0..count {
            let mut book = self.pins.book();
            if !self.pins.has_unswept(&mut book, count) {
                break;
            }
            self.sweep(&mut book, &mut 0);
        }
    }

    /// Takes a chunk that a short sweep frees: memory that was touched is better than memory that was not.
    fn take_swept(&self) -> Option<u32> {
        let mut book = self.pins.try_book()?;
        self.sweep_some(&mut book, || self.preimages.chunks.take_used())
    }

    /// Frees a chunk at least, if need be at the oldest pin's cost; false if all are in use.
    fn make_free(&self) -> bool {
        let mut book = self.pins.book();
        let mut has_asked = false;
        loop {
            if self.preimages.chunks.free_count() > 0 || self.sweep_round(&mut book) {
                return true;
            }
            if !has_asked {
                has_asked = true;
                self.empty_idle();
            } else if !self.pins.age_oldest(&book) {
                return false;
            }
        }
    }

    /// Keeps an eighth of the chunks free, a little at every call, so that nobody has to wait for much.
    fn reclaim_ahead(&self) {
        let chunks = &self.preimages.chunks;
        let has_enough = || (chunks.free_count() >= chunks.count() / 8).then_some(());
        if has_enough().is_some() {
            return;
        }
        // Whoever has the book does this very work, or is done in a moment.
        if let Some(mut book) = self.pins.try_book() {
            self.sweep_some(&mut book, has_enough);
        }
    }

    /// Sweeps until `is_done`, but not for long, and not where the hand has passed since a pin went.
    fn sweep_some<T>(&self, book: &mut MutexGuard<'_, Book>, is_done: impl Fn() -> Option<T>) -> Option<T> {
        let mut looks = 0;
        while looks < LOOKS_AHEAD && self.pins.has_unswept(book, self.preimages.chunks.count()) {
            if self.sweep(book, &mut looks)
                && let Some(done) = is_done()
            {
                return Some(done);
            }
        }
        None
    }

    /// Moves the hand on until a chunk is free; false after a whole round.
    fn sweep_round(&self, book: &mut MutexGuard<'_, Book>) -> bool {
        (0..self.preimages.chunks.count()).any(|_| self.sweep(book, &mut 0))
    }

    /// Sweeps the chunk at the hand, and moves it on; true if the chunk is free now. Counts its looks.
    fn sweep(&self, book: &mut MutexGuard<'_, Book>, looks: &mut u32) -> bool {
        self.sweep_with(book, looks, None)
    }

    /// Sweeps as [`PageStore::sweep`] does; what only the protected pin needs goes to `taker`, if there is one.
    fn sweep_with(
        &self,
        book: &mut MutexGuard<'_, Book>,
        looks: &mut u32,
        mut taker: Option<&mut Taker<'_>>,
    ) -> bool {
        let chunks = &self.preimages.chunks;
        let chunk = chunks.hand.load(Ordering::Relaxed);
        chunks.hand.store((chunk + 1) % chunks.count().max(1), Ordering::Relaxed);
        *looks += 1;
        book.unswept = book.unswept.saturating_sub(1);
        let Some(used) = chunks.sealed(chunk) else { return false };
        // Most records are older than every pin: that takes no search.
        let oldest = self.pins.oldest(book);
        let is_pinned =
            |record: &Record| record.until > oldest && self.pins.is_pinned(book, record.seq, record.until);
        let swept = chunks.swept(chunk);
        while let Some(record) = chunks.next_record(chunk, swept.load(Ordering::Relaxed) as usize, used) {
            *looks += 1;
            self.ask_ahead(&record);
            if is_pinned(&record) {
                return false;
            }
            let shielded = self.pins.shielded(record.page, record.seq, record.until);
            if shielded.is_some() && taker.is_none() {
                return false;
            }
            if let Some(entry) = self.table.entry(record.page).filter(|_| record.page.get() != 0) {
                if let (Some(at), Some(taker)) = (shielded, &mut taker) {
                    taker.take(chunks, entry, record.page, at);
                }
                // What is the protected pin's in this chain is taken by now, or of pages that it has passed.
                let is_dead = |other: &Record| {
                    let is_theirs = self.pins.shielded(record.page, other.seq, other.until).is_some();
                    !is_pinned(other) && (shielded.is_some() || !is_theirs)
                };
                chunks.prune(entry.ver(), is_dead);
            }
            swept.fetch_add(record.piece_words() as u32, Ordering::Relaxed);
        }
        // Release: a reader that sees the count sees the chains without this chunk's records.
        self.preimages.reclaims.fetch_add(1, Ordering::Release);
        chunks.give(chunk);
        true
    }

    /// Asks for what the next pieces need: their headers, and their pages' chains.
    fn ask_ahead(&self, record: &Record) {
        // What is modelled or interpreted has nothing to wait for.
        if cfg!(any(loom, miri)) {
            return;
        }
        let chunks = &self.preimages.chunks;
        // At a chunk's start nothing was asked for yet.
        let first = if record.starts_chunk() { 1 } else { 2 * PIECES_AHEAD };
        for header in (first..=2 * PIECES_AHEAD).map_while(|count| chunks.header_ahead(record, count)) {
            Words::new(header).prefetch(0, HEADER_WORDS * size_of::<u64>());
        }
        if let Some(header) = chunks.header_ahead(record, PIECES_AHEAD) {
            // Of a shorter piece it is any word: no page, or another one's.
            self.prefetch_chain(page_of(header));
        }
    }

    /// Takes back what numbers that nobody uses have in their stashes.
    fn empty_idle(&self) {
        for number in 1..READER {
            let stash = &self.preimages.stashes[usize::from(number)];
            if stash.chunk_count() > 0
                && let Some(_owner) = self.committers().try_number(number)
            {
                stash.give_all(&self.preimages.chunks);
            }
        }
    }
}

/// Takes pages out of their chains for the owner of a protected pin.
struct Taker<'t> {
    take: &'t mut dyn FnMut(PageId, Epoch, &[u8]),
    buffer: Vec<u8>,
    count: u64,
    bytes: u64,
}

impl Taker<'_> {
    /// Takes what the page was at `at`, unless it is gone already: of a page in several pieces, each is met. The
    /// caller has the book.
    fn take(&mut self, chunks: &Chunks, entry: Entry<'_>, page: PageId, at: u64) {
        let Ok(Some(record)) = chunks.find(entry.ver(), at) else { return };
        self.buffer.resize(record.page_bytes as usize, 0);
        if chunks.load(&record, 0, &mut self.buffer).is_some() {
            (self.take)(page, record.epoch(), &self.buffer);
            self.count += 1;
            self.bytes += u64::from(record.page_bytes);
        }
    }
}

impl Chunks {
    /// Returns the header of the piece that is `count` pieces further on, should all be as long as this one.
    fn header_ahead(&self, record: &Record, count: usize) -> Option<&[AtomicU64]> {
        let at = (record.link - 1) as usize % CHUNK_WORDS + count * record.piece_words();
        self.words((record.link - 1) / CHUNK_WORDS as u32)?.get(at..at + HEADER_WORDS)
    }

    /// Returns the piece that begins at a word of a sealed chunk, of which `used` words hold pieces.
    pub(super) fn next_record(&self, chunk: u32, at: usize, used: usize) -> Option<Record> {
        // A full chunk ends in less than the smallest piece.
        (at + super::HEADER_WORDS < used).then(|| self.record(super::record::link_to(chunk, at)))?
    }
}
