//! The store: table, arena and committers together, and what it can be asked.

use mmsb_types::{
    Epoch, PageId,
    limits::{COMPACT_ID_MAX, PAGE_ID_MAX},
};

use crate::{
    arena::Arena,
    committer::Committers,
    directory::{Directory, Slot},
    meta,
    pins::Pins,
    preimage::{CHUNK_BYTES, PreImages},
    stats::Counts,
    sync::{Arc, Ordering, fence},
    table::{Entry, Table},
    words::Words,
};

/// What pre-images may take by default: 6 MiB where commits are small, 256 MiB where they are large.
const PREIMAGE_BYTES: u64 = 96 * CHUNK_BYTES as u64;
const PREIMAGE_BYTES_MAX: u64 = 4096 * CHUNK_BYTES as u64;

/// Memory for pages: any number of threads may read, lock, create and retire at once.
///
/// Epochs are the caller's. Every change of a page must carry a later one than the change before: that
/// is how readers notice it. Epochs are below 2^56.
pub struct PageStore {
    pub(crate) table: Table,
    pub(crate) arena: Arena,
    pub(crate) counts: Counts,
    pub(crate) page_id_max: PageId,
    pub(crate) pins: Arc<Pins>,
    pub(crate) preimages: PreImages,
    committers: Committers,
}

/// What a store may take. The default is as [`PageStore::new`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The largest page id, [`PAGE_ID_MAX`] at most.
    ///
    /// The table is an array: an id reserves up to 48 bytes of address space for every id below it
    /// (memory, only what is used). The limit is what keeps one absurd id, read from a damaged or
    /// hostile file, a typed error instead of terabytes.
    pub page_id_max: PageId,
    /// The most bytes that pre-images may take where commits are small, in chunks of 64 KiB; less ages snapshots
    /// sooner. It should be several chunks for each thread that commits.
    pub preimage_bytes: u64,
    /// The most bytes that pre-images may ever take, if that is more, 32 GiB at most. Up to there they may take eight times
    /// the pages that the largest commit wrote to, counted whole; never less again.
    pub preimage_bytes_max: u64,
    /// The most bytes that pages may take, in slots of their size, taken in runs of 64 KiB or of one slot. A page
    /// counts in full though nobody has written to it: a file of a few bytes may tell of terabytes.
    pub page_bytes_max: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            page_id_max: PageId::new(COMPACT_ID_MAX),
            preimage_bytes: PREIMAGE_BYTES,
            preimage_bytes_max: PREIMAGE_BYTES_MAX,
            page_bytes_max: u64::MAX,
        }
    }
}

/// A living page's slot, with the directory word it was found by already decoded.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The slot's words.
    pub(crate) words: Words<'a>,
    /// The page's exact length; never more than the words hold.
    pub(crate) page_bytes: u32,
}

impl Default for PageStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for PageStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageStore").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl PageStore {
    /// Makes an empty store, which takes ids up to [`COMPACT_ID_MAX`] and spends up to 6 MiB on
    /// pre-images, 256 MiB where commits are large. Maps no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(StoreOptions::default())
    }

    /// Makes an empty store that takes ids up to `page_id_max`, with defaults for the rest.
    #[must_use]
    pub fn with_page_id_max(page_id_max: PageId) -> Self {
        Self::with_options(StoreOptions { page_id_max, ..StoreOptions::default() })
    }

    /// Makes an empty store; maps no memory yet.
    #[must_use]
    pub fn with_options(options: StoreOptions) -> Self {
        Self {
            table: Table::new(),
            arena: Arena::new(options.page_bytes_max),
            counts: Counts::default(),
            page_id_max: options.page_id_max.min(PageId::new(PAGE_ID_MAX)),
            pins: Arc::new(Pins::new()),
            preimages: PreImages::new(options.preimage_bytes, options.preimage_bytes_max),
            committers: Committers::new(),
        }
    }

    /// Returns the pool of owner numbers: who wants to lock pages needs one.
    #[inline]
    #[must_use]
    pub fn committers(&self) -> &Committers {
        &self.committers
    }

    /// Returns the page's exact length in bytes, or `None` if no such page lives.
    #[must_use]
    pub fn page_bytes(&self, page: PageId) -> Option<u32> {
        let entry = self.table.entry(page)?;
        loop {
            let directory = entry.directory();
            let page_bytes = entry.page_bytes(directory, directory.slot()?);
            // The length may be a next life's; if so, its birth is visible after the fence.
            fence(Ordering::Acquire);
            if directory.is_exact() || entry.directory() == directory {
                return Some(page_bytes);
            }
        }
    }

    /// Returns the epoch of the page's newest published bytes, or `None` if no such page lives.
    ///
    /// A page that is being written shows the epoch before.
    #[must_use]
    pub fn epoch(&self, page: PageId) -> Option<Epoch> {
        let entry = self.table.entry(page)?;
        loop {
            let epoch = meta::epoch(entry.meta().load(Ordering::Acquire));
            entry.directory().slot()?;
            // The acquiring load of the directory word keeps this one behind it.
            if meta::epoch(entry.meta().load(Ordering::Relaxed)) == epoch {
                return Some(epoch);
            }
        }
    }

    /// Tells whether such a page lives.
    #[must_use]
    pub fn contains(&self, page: PageId) -> bool {
        self.table.entry(page).is_some_and(|entry| entry.directory().slot().is_some())
    }

    /// Visits the living pages by rising id. Pages born or retired meanwhile may or may not show.
    ///
    /// # Cost
    /// Looks at every id that was ever used; about a bit for every 64 others.
    pub fn pages(&self) -> impl Iterator<Item = PageId> {
        self.table.entries().filter(|(_, entry)| entry.directory().slot().is_some()).map(|(page, _)| page)
    }

    /// Visits, by rising id, every page whose last change or end is later than `since`, and pages that are held,
    /// whatever becomes of them: what a snapshot taken before the call may show otherwise than `since` did.
    ///
    /// A pin taken before the call keeps the ends that matter to it in sight. Every commit up to the pin should be
    /// published: a birth under way may not show. Commits later than the pin, and pages locked and let go again,
    /// may show, too: [`PageStore::life_at`] tells which pages the pin has, and how old they are.
    ///
    /// # Cost
    /// A nanosecond or two for every id that was ever used.
    pub fn changed_since(&self, since: Epoch) -> impl Iterator<Item = PageId> {
        self.table.survey(since).flat_map(|group| ids(group.first, group.changed).map(|(page, _)| page))
    }

    /// Visits, by rising id, the pages that [`PageStore::changed_since`] visits, each by itself, with `true`, and those
    /// that live and are as they were at `since`, with `false` and how many of them follow each other: together all
    /// that a snapshot taken before the call may show.
    ///
    /// # Cost
    /// As [`PageStore::changed_since`].
    pub fn survey(&self, since: Epoch) -> impl Iterator<Item = (PageId, u32, bool)> {
        self.table.survey(since).flat_map(|group| group.runs())
    }

    /// Joins slot and length of a living page, or `None` if they are not of one life.
    #[inline]
    pub(crate) fn view(&self, entry: Entry<'_>, directory: Directory, slot: Slot) -> Option<View<'_>> {
        let words = self.arena.words(slot);
        if directory.is_exact() {
            return Some(View { words, page_bytes: slot.class.bytes() as u32 });
        }
        let page_bytes = entry.length().load(Ordering::Relaxed);
        (page_bytes as usize <= slot.class.bytes()).then_some(View { words, page_bytes })
    }
}

/// Returns the ids of a group that `bits` names, each with its bit, by rising id.
fn ids(first: u64, bits: u64) -> impl Iterator<Item = (PageId, u64)> {
    let some = |bits: u64| Some(bits).filter(|&bits| bits != 0);
    let rest = std::iter::successors(some(bits), move |bits| some(bits & (bits - 1)));
    rest.map(move |bits| (PageId::new(first + u64::from(bits.trailing_zeros())), bits & bits.wrapping_neg()))
}
