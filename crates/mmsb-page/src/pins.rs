//! Pinned epochs: which past states somebody still reads.
//!
//! A snapshot's creator stores PENDING to `newest`, takes its epoch `s` by an atomic read-modify-write of
//! the word that commits take their numbers from, and stores `s`. A commit loads `newest` after it took
//! its number by a read-modify-write of the same word. Such operations on one word have one order:
//! * The commit's comes later: it synchronizes with the creator's, so the load finds PENDING, or what was
//!   stored after it, and as long as the pin lives that is at least `s`. The commit saves what it replaces.
//! * The commit's comes first: its number is at most `s`, and it is part of the snapshot.
//!
//! So a snapshot costs the same whatever the number of pages, takes no number, and stops nobody.
//!
//! A pin whose owner reads the pages once, by rising id, need not keep those it has passed. One pin at a time may
//! say so ([`Pin::pass`]): it leaves `newest` for `stream`, and `passed` tells how far it got. What a commit finds
//! in `newest` it finds first, and in acquire order: if the pin is not there any more, it is in `stream`, with its
//! own `passed`.
//!
//! Ageing: every pin below the watermark `aged` has lost its claim to pre-images. The watermark only
//! rises, so that whoever has to raise it needs no lock.
//!
//! The pin in `stream` may be protected ([`PageStore::pin_protected`]): it keeps its claim, whatever `aged` is, and commits that
//! need room wait until its owner has taken what is saved for it. It ages only by `lost`: where a commit had no room
//! after all, because it had asked before the pin was there.
//!
//! Invariant: `newest` is above every pin but the one in `stream`, or PENDING while one is being made. Only the
//! holder of the book stores to these words, but for `passed`, which is the stream's.

use std::collections::BTreeMap;

use mmsb_types::{Epoch, PageId};

use crate::{
    PageStore,
    sync::{Arc, AtomicU64, Fault, Mutex, MutexGuard, Ordering, is_planted, lock, try_lock, yield_now},
};

/// Stands in `newest` while a pin's epoch is being taken: above all epochs.
const PENDING: u64 = u64::MAX;

/// A pinned epoch: until it is dropped, the store's pages can be read as of then, with the `_at` methods
/// of [`PageStore`], unless [the pin ages](Pin::is_aged).
///
/// # Cost
/// Dropping takes a mutex for a few steps.
#[must_use = "a pin that is dropped holds nothing"]
pub struct Pin {
    pins: Arc<Pins>,
    epoch: Epoch,
    /// It passes pages.
    is_stream: bool,
    is_protected: bool,
}

/// All pins of one store; aligned, because every commit reads it and few write.
#[repr(align(64))]
pub(crate) struct Pins {
    /// One above the newest pin, 0 if there is none, or PENDING.
    newest: AtomicU64,
    /// Pins below this one are aged.
    aged: AtomicU64,
    /// One above the pin that passes pages, 0 if there is none.
    stream: AtomicU64,
    /// Pages below this id that pin needs no more.
    passed: AtomicU64,
    /// One above that pin if it is protected, else 0.
    shield: AtomicU64,
    /// The protected pin below this one is aged.
    lost: AtomicU64,
    book: Mutex<Book>,
}

/// The pinned epochs and how often each is pinned. Holding its mutex also is the right to reclaim.
#[derive(Default)]
pub(crate) struct Book {
    epochs: BTreeMap<u64, u64>,
    /// The pin that passes pages.
    stream: Option<u64>,
    /// Chunks that the hand has yet to pass since a pin went or aged: elsewhere nothing new is dead.
    pub(crate) unswept: u32,
    /// The watermark, and how many chunks there were, when `unswept` was set.
    aged: u64,
    chunk_count: u32,
}

/// Which pages a commit has to save before it changes them: those whose bytes are older than `newest`, and of pages
/// from `passed` on those that are older than `stream`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    newest: u64,
    stream: u64,
    passed: u64,
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pin({}{})", self.epoch, if self.is_aged() { ", aged" } else { "" })
    }
}

impl PageStore {
    /// Pins the epoch that `take` returns: what every commit up to it published stays readable.
    ///
    /// `take` must get the newest number that was given out by an atomic read-modify-write (an addition of
    /// zero will do) of the very word that commits take their numbers from, both in acquire-release order.
    /// It runs under the pins' mutex, so it must be short, and must not pin.
    ///
    /// # Cost
    /// Some 100 ns, whatever the number of pages; waits for no commit.
    pub fn pin(&self, take: impl FnOnce() -> Epoch) -> Pin {
        let epoch = self.pins.take(&mut self.pins.book(), take);
        Pin { pins: Arc::clone(&self.pins), epoch, is_stream: false, is_protected: false }
    }

    /// Pins as [`PageStore::pin`] does, and keeps the pin from ageing: commits that need more room than there is
    /// wait until its owner has [passed](Pin::pass) pages, or [taken](PageStore::take_saved) what was saved for
    /// it. So the owner must go on doing that until the pin is dropped, and must not wait for a commit.
    ///
    /// Only one pin can be protected, or pass pages: where another one does, this one is like any other;
    /// [`Pin::is_protected`] tells.
    pub fn pin_protected(&self, take: impl FnOnce() -> Epoch) -> Pin {
        let mut book = self.pins.book();
        let epoch = self.pins.take(&mut book, take);
        let is_stream = book.stream.is_none();
        if is_stream {
            // Others of the same epoch stay in `newest`, and age like any other.
            self.pins.start_stream(&mut book, epoch);
            self.pins.shield.store(epoch.get() + 1, Ordering::Release);
        }
        drop(book);
        Pin { pins: Arc::clone(&self.pins), epoch, is_stream, is_protected: is_stream }
    }
}

impl Pins {
    /// Pins the epoch that `take` returns.
    fn take(&self, book: &mut Book, take: impl FnOnce() -> Epoch) -> Epoch {
        // Restores `newest` on every way out, a panic of `take` included.
        let making = Making { pins: self, book };
        // Relaxed: the caller's read-modify-write releases it; see the file's head.
        if !is_planted(Fault::LostPending) {
            self.newest.store(PENDING, Ordering::Relaxed);
        }
        let epoch = take();
        if is_planted(Fault::LostPending) {
            // So that others get in between.
            yield_now();
        }
        *making.book.epochs.entry(epoch.get()).or_default() += 1;
        epoch
    }
}

impl PageStore {
    /// Tells whether an epoch in `from..until` is pinned, aged pins included. Not while a page is held.
    #[must_use]
    pub fn is_pinned(&self, from: Epoch, until: Epoch) -> bool {
        from < until && self.pins.book().epochs.range(from.get()..until.get()).next().is_some()
    }

    /// Returns the oldest pinned epoch.
    #[must_use]
    pub fn oldest_pin(&self) -> Option<Epoch> {
        self.pins.book().epochs.first_key_value().map(|(&epoch, _)| Epoch::new(epoch))
    }
}

impl Pin {
    /// Returns the epoch that is pinned.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Tells whether the pin has aged: memory ran short, and what it needs may be gone. Its reads still
    /// find what has not changed since; others answer [`SnapshotError::Aged`](crate::SnapshotError::Aged).
    #[must_use]
    pub fn is_aged(&self) -> bool {
        let watermark = if self.is_protected { &self.pins.lost } else { &self.pins.aged };
        // Relaxed: whoever saw that something is gone has seen the watermark raised before.
        self.epoch.get() < watermark.load(Ordering::Relaxed)
    }

    /// Says that pages below `page` will not be read as of this pin any more: commits need not save them. Reads of
    /// such pages answer [`SnapshotError::Aged`](crate::SnapshotError::Aged) if they changed.
    ///
    /// One pin at a time may pass pages, and only one that has no clone: false, and nothing changed, otherwise.
    ///
    /// # Cost
    /// A store; the first time, the pins' mutex for a moment.
    pub fn pass(&mut self, page: PageId) -> bool {
        if !self.is_stream && !self.pins.begin_to_pass(self.epoch) {
            return false;
        }
        self.is_stream = true;
        // Release: a commit that finds it changes the page only after all that was read of it.
        self.pins.passed.fetch_max(page.get(), Ordering::Release);
        true
    }

    /// Tells whether commits wait rather than age it; see [`PageStore::pin_protected`].
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.is_protected
    }

    /// Tells whether the page was passed.
    pub(crate) fn has_passed(&self, page: PageId) -> bool {
        self.is_stream && page.get() < self.pins.passed.load(Ordering::Relaxed)
    }

    /// Returns the pins it belongs to.
    pub(crate) fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut book = self.pins.book();
        if self.is_stream {
            book.stream = None;
            self.pins.shield.store(0, Ordering::Relaxed);
            self.pins.stream.store(0, Ordering::Relaxed);
        }
        if let Some(count) = book.epochs.get_mut(&self.epoch.get()) {
            *count -= 1;
            if *count == 0 {
                book.epochs.remove(&self.epoch.get());
                book.unswept = u32::MAX;
                self.pins.recompute(&book);
            }
        }
    }
}

impl Pins {
    pub(crate) fn new() -> Self {
        let word = || AtomicU64::new(0);
        let (newest, aged, stream, passed) = (word(), word(), word(), word());
        let (shield, lost, book) = (word(), word(), Mutex::new(Book::default()));
        Self { newest, aged, stream, passed, shield, lost, book }
    }

    /// Tells which pages a commit must save; to be called after it took its number.
    #[inline]
    pub(crate) fn wanted(&self) -> Wanted {
        // That the value is new enough follows from the number taken before; see the head. Acquire: a pin that left
        // it is found in the words below.
        let newest = self.newest.load(Ordering::Acquire);
        let (stream, passed) = (self.stream.load(Ordering::Acquire), self.passed.load(Ordering::Acquire));
        let aged = self.aged.load(Ordering::Relaxed);
        let alive = |pin: u64| if pin > aged { pin } else { 0 };
        let stream = if stream > aged || stream == 0 || self.is_shielded(stream) { stream } else { 0 };
        Wanted { newest: alive(newest), stream, passed }
    }

    /// Tells whether the pin in `stream`, which is one below this, is protected and has not aged.
    #[cold]
    fn is_shielded(&self, stream: u64) -> bool {
        stream == self.shield.load(Ordering::Acquire) && stream > self.lost.load(Ordering::Relaxed)
    }

    /// Tells whether there is a protected pin.
    pub(crate) fn has_shield(&self) -> bool {
        self.shield.load(Ordering::Acquire) != 0
    }

    /// Makes the only pin of `epoch` the one that passes pages, if there is no other such.
    fn begin_to_pass(&self, epoch: Epoch) -> bool {
        let mut book = self.book();
        let is_free = book.stream.is_none() && book.epochs.get(&epoch.get()) == Some(&1);
        if is_free {
            self.start_stream(&mut book, epoch);
        }
        is_free
    }

    /// Makes a pin of `epoch` the one that passes pages.
    fn start_stream(&self, book: &mut Book, epoch: Epoch) {
        book.stream = Some(epoch.get());
        if is_planted(Fault::StreamLeaves) {
            self.recompute(book);
        }
        self.passed.store(0, Ordering::Relaxed);
        self.stream.store(epoch.get() + 1, Ordering::Release);
        self.recompute(book);
    }

    /// Waits for the right to look at the pins and to reclaim. Never taken while a page is held.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    /// Takes that right if nobody has it.
    pub(crate) fn try_book(&self) -> Option<MutexGuard<'_, Book>> {
        try_lock(&self.book)
    }

    /// Ages every pin below `epoch`, a protected one, too: what it needs is lost. Takes no lock.
    pub(crate) fn age_below(&self, epoch: Epoch) {
        self.lost.fetch_max(epoch.get(), Ordering::Relaxed);
        self.aged.fetch_max(epoch.get(), Ordering::Relaxed);
    }

    /// Ages the oldest pin that is not, and is not protected; false if there is none.
    pub(crate) fn age_oldest(&self, book: &Book) -> bool {
        let aged = self.aged.load(Ordering::Relaxed);
        let shielded = self.shield.load(Ordering::Relaxed).checked_sub(1);
        let mut pins = book.epochs.range(aged..);
        let oldest = pins.find(|&(&epoch, &count)| shielded != Some(epoch) || count > 1);
        oldest.is_some_and(|(&epoch, _)| {
            self.aged.fetch_max(epoch + 1, Ordering::Relaxed);
            true
        })
    }

    /// Returns the oldest pinned epoch, aged or not; above all epochs if there is none.
    pub(crate) fn oldest(&self, book: &Book) -> u64 {
        book.epochs.keys().next().copied().unwrap_or(u64::MAX)
    }

    /// Tells whether the hand has not passed all `count` chunks since a pin went or aged.
    pub(crate) fn has_unswept(&self, book: &mut Book, count: u32) -> bool {
        let aged = self.aged.load(Ordering::Relaxed);
        if (book.aged, book.chunk_count) != (aged, count) {
            // With more chunks the hand comes round later.
            (book.aged, book.chunk_count, book.unswept) = (aged, count, u32::MAX);
        }
        book.unswept = book.unswept.min(count);
        book.unswept > 0
    }

    /// Tells whether some pin that has not aged lies in `[seq, until)`, the protected one aside.
    pub(crate) fn is_pinned(&self, book: &Book, seq: u64, until: u64) -> bool {
        let from = seq.max(self.aged.load(Ordering::Relaxed));
        let shielded = self.shield.load(Ordering::Relaxed).checked_sub(1);
        let is_other = |(&epoch, &count): (&u64, &u64)| shielded != Some(epoch) || count > 1;
        from < until && book.epochs.range(from..until).any(is_other)
    }

    /// Returns the protected pin if it needs what the page was in `[seq, until)`.
    pub(crate) fn shielded(&self, page: PageId, seq: u64, until: u64) -> Option<u64> {
        let shield = self.shield.load(Ordering::Relaxed);
        let epoch = shield.checked_sub(1).filter(|epoch| (seq..until).contains(epoch))?;
        let is_ahead = page.get() >= self.passed.load(Ordering::Relaxed) && page.get() != 0;
        (is_ahead && shield > self.lost.load(Ordering::Relaxed)).then_some(epoch)
    }

    /// Returns one above the newest aged epoch; 0 if none ever aged.
    pub(crate) fn aged(&self) -> Epoch {
        Epoch::new(self.aged.load(Ordering::Relaxed))
    }

    fn recompute(&self, book: &Book) {
        // Somebody else may have pinned the very epoch of the stream.
        let is_other = |&(&epoch, &count): &(&u64, &u64)| book.stream != Some(epoch) || count > 1;
        let newest = book.epochs.iter().rev().find(is_other);
        let newest = newest.filter(|_| !is_planted(Fault::UnpinForgets)).map_or(0, |(&epoch, _)| epoch + 1);
        // Release: who misses a pin here finds it in `stream`.
        self.newest.store(newest, Ordering::Release);
    }
}

impl Book {
    /// Returns how many pins there are.
    pub(crate) fn count(&self) -> u64 {
        self.epochs.values().sum()
    }
}

impl Wanted {
    /// Tells whether no page is.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.newest | self.stream == 0
    }

    /// Tells whether the page's bytes, published by `seq`, are among them.
    #[inline]
    pub(crate) fn has(self, page: PageId, seq: Epoch) -> bool {
        seq.get() < self.newest || seq.get() < self.stream && page.get() >= self.passed
    }
}

/// A pin in the making.
struct Making<'a> {
    pins: &'a Pins,
    book: &'a mut Book,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.pins.recompute(self.book);
    }
}
