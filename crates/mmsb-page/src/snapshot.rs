//! Reading pages as of a pinned epoch.
//!
//! A page that nobody holds and that no commit changed since the pin is read in place, like any page. One
//! that was changed has a pre-image whose interval holds the pinned epoch, or was not alive then. One that
//! is held may still be changed by a commit the pin includes, or be about to be saved: if it has no such
//! pre-image, the reader waits for its holder.
//!
//! Invariant: what is returned is what the page was as of the pinned epoch, or the answer is
//! [`SnapshotError::Aged`]. Whatever a commit did not save, or a sweep took away, was preceded by the rise
//! of the watermark, so a reader that misses it sees the watermark.

use mmsb_types::{Epoch, PageId, env};

use crate::{
    PageStore, Pin, SnapshotError,
    lock::{Attempt, PageLock},
    meta::{self, READER},
    preimage::Record,
    store::View,
    sync::{Arc, Backoff, Fault, Ordering, fence, is_planted},
    table::Entry,
};

/// Looks that may fail before a reader takes a lock.
const TRIES_MAX: u32 = if cfg!(loom) { 1 } else { 8 };

/// Where a page's bytes as of an epoch are.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// In its slot.
    Place(View<'a>),
    /// In a pre-image.
    Image(&'a PageStore, Record),
}

/// What one look at a page gave.
enum Look<T> {
    /// The page as of the epoch, with the epoch that published it.
    Whole(T, Epoch),
    /// The page was not alive.
    Gone,
    /// Nothing was saved: the page was not alive, or the pin has aged.
    Missing,
    /// The page is held, or changed meanwhile.
    Busy,
    /// Chunks were reclaimed meanwhile.
    Reclaimed,
}

impl PageStore {
    /// Fills `out` with the page's bytes from `offset` on as of the pinned epoch, and returns the epoch that
    /// had published them.
    ///
    /// Must not be called while this thread holds the page's lock: it may wait for itself. A birth that the
    /// pin includes may still be under way: to be sure of a page that is not found, wait until every
    /// commit up to the pin is published, and ask once more.
    ///
    /// # Errors
    /// [`SnapshotError`]; `out` may have been written to.
    ///
    /// # Panics
    /// If the pin is another store's.
    ///
    /// # Cost
    /// As [`PageStore::read`]; a changed page costs a walk along its pre-images, one for each pin since.
    pub fn read_at(
        &self,
        page: PageId,
        pin: &Pin,
        offset: u32,
        out: &mut [u8],
    ) -> Result<Epoch, SnapshotError> {
        let len = out.len();
        let copy = |source: Source<'_>| {
            let page_bytes = source.page_bytes();
            let fits = len as u64 + u64::from(offset) <= u64::from(page_bytes);
            fits.then(|| source.load(offset, out)).ok_or(page_bytes)
        };
        let (result, epoch) = self.visit_at(page, pin, copy)?;
        let at = pin.epoch();
        result.map(|()| epoch).map_err(|page_bytes| SnapshotError::OutOfBounds {
            page,
            at,
            offset,
            len,
            page_bytes,
        })
    }

    /// Fills `out` with the whole page as of the pinned epoch, resizing it to the exact length, and returns
    /// the epoch that had published it. Reusing one buffer allocates nothing.
    ///
    /// # Errors
    /// [`SnapshotError::NotFound`], [`SnapshotError::Aged`] and [`SnapshotError::OutOfMemory`]; `out` may have been
    /// written to.
    ///
    /// # Panics
    /// If the pin is another store's.
    pub fn read_page_at(&self, page: PageId, pin: &Pin, out: &mut Vec<u8>) -> Result<Epoch, SnapshotError> {
        let copy = |source: Source<'_>| {
            env::resize(out, source.page_bytes() as usize).map_err(|_| source.page_bytes())?;
            source.load(0, out);
            Ok(())
        };
        let (copied, epoch) = self.visit_at(page, pin, copy)?;
        let at = pin.epoch();
        copied.map(|()| epoch).map_err(|page_bytes| SnapshotError::OutOfMemory { page, at, page_bytes })
    }

    /// Returns the page's exact length, in bytes, as of the pinned epoch, and the epoch of its last change
    /// up to then. Reads no bytes.
    ///
    /// # Errors
    /// [`SnapshotError::NotFound`] and [`SnapshotError::Aged`].
    ///
    /// # Panics
    /// If the pin is another store's.
    pub fn life_at(&self, page: PageId, pin: &Pin) -> Result<(u32, Epoch), SnapshotError> {
        self.visit_at(page, pin, |source| source.page_bytes())
    }

    /// Visits every page that was alive as of the pinned epoch, by rising id, with what
    /// [`PageStore::life_at`] says of it.
    ///
    /// # Panics
    /// If the pin is another store's.
    ///
    /// # Cost
    /// Looks at every id that was ever used.
    pub fn lives_at<'a>(
        &'a self,
        pin: &'a Pin,
    ) -> impl Iterator<Item = (PageId, Result<(u32, Epoch), SnapshotError>)> + 'a {
        let lives = self.table.entries().map(move |(page, _)| (page, self.life_at(page, pin)));
        lives.filter(|(_, life)| !matches!(life, Err(SnapshotError::NotFound { .. })))
    }

    /// Runs `copy` until it ran on bytes that were the page's, all at once, as of the pinned epoch.
    fn visit_at<T>(
        &self,
        page: PageId,
        pin: &Pin,
        mut copy: impl FnMut(Source<'_>) -> T,
    ) -> Result<(T, Epoch), SnapshotError> {
        assert!(Arc::ptr_eq(&self.pins, pin.pins()), "{pin:?} is another store's");
        let at = pin.epoch();
        let Some(entry) = self.table.entry(page) else { return Err(SnapshotError::NotFound { page, at }) };
        let (mut backoff, mut busy_count, mut reclaimed_count) = (Backoff::default(), 0, 0);
        loop {
            // Reclaiming stops while somebody else has the book.
            let book = (reclaimed_count >= TRIES_MAX).then(|| self.pins.book());
            let look = self.look_at(entry, at, &mut copy);
            drop(book);
            match look {
                Look::Whole(value, epoch) => return Ok((value, epoch)),
                Look::Gone => return Err(SnapshotError::NotFound { page, at }),
                Look::Missing if pin.is_aged() || pin.has_passed(page) => {
                    return Err(SnapshotError::Aged { page, at });
                }
                Look::Missing => return Err(SnapshotError::NotFound { page, at }),
                Look::Reclaimed => reclaimed_count += 1,
                Look::Busy => {
                    busy_count += 1;
                    if busy_count > TRIES_MAX
                        && let Some(answer) = self.visit_held(page, at, &mut copy)
                    {
                        return Ok(answer);
                    }
                    backoff.wait();
                }
            }
        }
    }

    #[inline]
    fn look_at<T>(&self, entry: Entry<'_>, at: Epoch, copy: &mut impl FnMut(Source<'_>) -> T) -> Look<T> {
        let reclaims = self.preimages.reclaims.load(Ordering::Acquire);
        let before = entry.meta().load(Ordering::Acquire);
        let is_new = meta::epoch(before) > at;
        if meta::owner(before) == 0 && !is_new {
            return self.look_in_place(entry, before, copy);
        }
        // If anything that was read stood in a chunk that was written again, the fence that its writer
        // passed before makes the count visible to this load.
        let is_intact = || {
            fence(Ordering::Acquire);
            is_planted(Fault::ReclaimRecheck) || self.preimages.reclaims.load(Ordering::Relaxed) == reclaims
        };
        let found = self.preimages.chunks.find(entry.ver(), at.get());
        if !is_intact() {
            return Look::Reclaimed;
        }
        match found {
            Ok(Some(record)) => {
                let value = copy(Source::Image(self, record));
                if is_intact() { Look::Whole(value, record.epoch()) } else { Look::Reclaimed }
            }
            // Held and newer: whatever the holder does, it saves nothing that is as old as this.
            Ok(None) if is_new => Look::Missing,
            Ok(None) => Look::Busy,
            Err(torn) => unreachable!("{torn:?}: a chain that nobody reclaimed from leads astray"),
        }
    }

    #[inline]
    fn look_in_place<T>(
        &self,
        entry: Entry<'_>,
        before: u64,
        copy: &mut impl FnMut(Source<'_>) -> T,
    ) -> Look<T> {
        let directory = entry.directory();
        let view = directory.slot().map(|slot| self.view(entry, directory, slot));
        let look = match view {
            None => Look::Gone,
            // Slot and length of two lives.
            Some(None) => return Look::Busy,
            Some(Some(view)) => Look::Whole(copy(Source::Place(view)), meta::epoch(before)),
        };
        // As for any read: a later writer's, or the page's end, would be visible now.
        fence(Ordering::Acquire);
        let unchanged = is_planted(Fault::PlaceRecheck)
            || entry.directory() == directory && entry.meta().load(Ordering::Relaxed) == before;
        if unchanged { look } else { Look::Busy }
    }

    /// Takes the page's lock for one copy, so that those who hold it again and again cannot starve a
    /// reader; `None` if it is not to be had, or the page is newer than `at` by now.
    #[cold]
    fn visit_held<T>(
        &self,
        page: PageId,
        at: Epoch,
        copy: &mut impl FnMut(Source<'_>) -> T,
    ) -> Option<(T, Epoch)> {
        let Attempt::Held(held) = self.attempt(page, READER) else { return None };
        let lock = PageLock::of_reader(held);
        (lock.epoch() <= at).then(|| (copy(Source::Place(lock.view())), lock.epoch()))
    }
}

impl Source<'_> {
    fn page_bytes(self) -> u32 {
        match self {
            Self::Place(view) => view.page_bytes,
            Self::Image(_, record) => record.page_bytes,
        }
    }

    /// Copies bytes that are inside the page; garbage if it changes meanwhile.
    fn load(self, offset: u32, out: &mut [u8]) {
        match self {
            Self::Place(view) => view.words.load(offset as usize, out),
            Self::Image(store, record) => {
                // A piece that is none any more was reclaimed: the copy will be thrown away.
                let _ = store.preimages.chunks.load(&record, offset as usize, out);
            }
        }
    }
}
