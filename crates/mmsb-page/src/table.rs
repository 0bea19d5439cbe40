//! From a page's id to its side words: lock word and directory word, exact length, head of its chain.
//!
//! Lock word and directory word are [`Hot`]: whoever looks at a page needs both, so they share a cache
//! line. The other two are cold columns behind them (4 bytes an id each): a page that fills its slot
//! needs no look at its length, and one without pre-images none at its chain. Where all pages fill their slots
//! the column of lengths is never stored to, and takes no memory. All of a region's columns lie one after the
//! other, so that one root finds them.
//!
//! What is known of 4096 ids together is in `table/blocks.rs`: which were used, how many are in use, and
//! how the memory of a block whose pages are all dead goes back to the system.
//!
//! Invariant: an entry of a mapped region that was never used is all zero: unlocked, free, length 0,
//! no pre-image.

mod blocks;

use mmsb_types::{Epoch, PageId};

use self::blocks::{Blocks, GROUP_IDS};
use crate::{
    StoreError,
    directory::{Directory, Slot, Stored},
    meta,
    regions::{HugePages, Place, ROOT_COUNT, Regions},
    sync::{AtomicU32, AtomicU64, Fault, Ordering, order},
};

/// The first region's ids; fewer where every byte is interpreted.
const FIRST_LOG2: u32 = if cfg!(miri) { 6 } else { 12 };
/// Where the cold columns start, in bytes per id of the region.
const LENGTH_AT: usize = size_of::<Hot>();
const VER_AT: usize = LENGTH_AT + size_of::<AtomicU32>();

/// Bytes of all columns, per id.
pub(crate) const ENTRY_BYTES: usize = VER_AT + size_of::<AtomicU32>();

// Sixteen bytes, aligned to sixteen: never across two lines.
const _: () = assert!(size_of::<Hot>() == 16 && ENTRY_BYTES == 24);
// Regions begin and end between groups.
const _: () = assert!((1u64 << FIRST_LOG2).is_multiple_of(GROUP_IDS));

/// The table; see the file's head.
pub(crate) struct Table {
    regions: Regions<FIRST_LOG2, ENTRY_BYTES>,
    blocks: Blocks,
    /// One past the largest id that was ever prepared.
    end: AtomicU64,
}

/// The two words that every look at a page needs.
#[repr(C, align(16))]
pub(crate) struct Hot {
    /// Epoch and owner; see `meta.rs`.
    pub(crate) meta: AtomicU64,
    /// Slot and life; see `directory.rs`.
    pub(crate) word: Stored,
}

/// 64 ids, as each was when it was looked at; a bit for each, the first id's the lowest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) first: u64,
    /// Held, or changed later than asked.
    pub(crate) changed: u64,
    /// Alive, whatever else.
    pub(crate) living: u64,
}

impl Group {
    /// Visits the changed ids, each by itself, with `true`, and the others that live, with `false`, as many at a time
    /// as follow each other.
    pub(crate) fn runs(self) -> impl Iterator<Item = (PageId, u32, bool)> {
        let Self { first, changed, living } = self;
        let mut rest = living | changed;
        std::iter::from_fn(move || {
            let at = Some(rest.trailing_zeros()).filter(|_| rest != 0)?;
            let is_changed = changed >> at & 1 == 1;
            let count = if is_changed { 1 } else { ((rest & !changed) >> at).trailing_ones() };
            // The lowest bits of what is left, all gone where the run ends the group.
            rest &= u64::MAX.checked_shl(at + count).unwrap_or(0);
            Some((PageId::new(first + u64::from(at)), count, is_changed))
        })
    }
}

/// One page's side words. Finding the cold ones takes a few steps, and only where they are used.
///
/// Invariant: the place is the page's, in the table's own region, and `hot` lies there.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Lock word and directory word.
    pub(crate) hot: &'a Hot,
    place: Place,
}

impl Hot {
    /// Reads the directory word; what was published with it is visible, too.
    #[inline]
    pub(crate) fn directory(&self) -> Directory {
        self.word.load()
    }
}

impl Group {
    fn of(first: u64, hots: &[Hot], since: Epoch) -> Self {
        let unchanged_max = meta::unlocked(since);
        let mut group = Self { first, changed: 0, living: 0 };
        for (index, hot) in hots.iter().enumerate() {
            // In this order: who sees a life's end, or the next one's birth, finds a lock word that says so.
            let lives = hot.directory().slot().is_some();
            let word = hot.meta.load(Ordering::Acquire);
            group.living |= u64::from(lives) << index;
            group.changed |= u64::from(word > unchanged_max || meta::owner(word) != 0) << index;
        }
        group
    }
}

impl<'a> Entry<'a> {
    /// Returns the lock word.
    #[inline]
    pub(crate) fn meta(&self) -> &'a AtomicU64 {
        &self.hot.meta
    }

    /// Reads the lock word, to take the lock by.
    #[inline]
    pub(crate) fn lock_word(&self) -> u64 {
        self.hot.meta.load(order(Fault::LockOrder, Ordering::Acquire))
    }

    /// Replaces an unlocked lock word by the locked one; false if it was not there any more.
    #[inline]
    pub(crate) fn lock(&self, before: u64, locked: u64) -> bool {
        let acquire = order(Fault::LockOrder, Ordering::Acquire);
        self.hot.meta.compare_exchange(before, locked, acquire, Ordering::Relaxed).is_ok()
    }

    /// Reads the directory word; what was published with it is visible, too.
    #[inline]
    pub(crate) fn directory(&self) -> Directory {
        self.hot.directory()
    }

    /// The page's exact length, in bytes, or 0 if it fills its slot; of its last life if it is dead.
    #[inline]
    pub(crate) fn length(&self) -> &'a AtomicU32 {
        self.cold(LENGTH_AT)
    }

    /// Head of the page's chain of pre-images; 0 for none.
    #[inline]
    pub(crate) fn ver(&self) -> &'a AtomicU32 {
        self.cold(VER_AT)
    }

    /// Returns the page's word of a cold column, which begins so many bytes per id behind the region's start.
    #[inline]
    fn cold(&self, at: usize) -> &'a AtomicU32 {
        let Place { start, unit_count, index } = self.place;
        // SAFETY: the columns, `unit_count` entries of 16, 4 and 4 bytes, fill the region exactly, and `index` is
        // below `unit_count` (the type's invariant): so it is inside.
        let word = unsafe { start.byte_add(at * unit_count + 4 * index) };
        // SAFETY: as for `hot`, in `Table::entry_at`.
        unsafe { word.cast::<AtomicU32>().as_ref() }
    }

    /// Returns the exact length of a page that lives in `slot` by that directory word; any length, if the
    /// word is no longer the page's.
    #[inline]
    pub(crate) fn page_bytes(&self, directory: Directory, slot: Slot) -> u32 {
        if directory.is_exact() { slot.class.bytes() as u32 } else { self.length().load(Ordering::Relaxed) }
    }

    /// Notes the exact length of a page that is about to live in `slot`.
    pub(crate) fn set_length(&self, page_bytes: u32, slot: Slot) {
        let length = if page_bytes as usize == slot.class.bytes() { 0 } else { page_bytes };
        // A store would fetch memory; what was never stored to reads as 0 without.
        if self.length().load(Ordering::Relaxed) != length {
            self.length().store(length, Ordering::Relaxed);
        }
    }
}

impl Table {
    /// Makes a table that has mapped nothing yet.
    pub(crate) fn new() -> Self {
        Self { regions: Regions::new(), blocks: Blocks::new(), end: AtomicU64::new(0) }
    }

    /// Returns the page's words, or `None` if no page near it ever was.
    #[inline]
    pub(crate) fn entry(&self, page: PageId) -> Option<Entry<'_>> {
        self.regions.place(page.get()).map(Self::entry_at)
    }

    /// Returns the page's words, mapping memory for them first if there is none, and counts the id as one in
    /// use until [`Table::leave`].
    ///
    /// Where `page_count` living pages do not fill a quarter of the ids below the new region, ids are
    /// sparse, and huge pages are refused: a few ids far apart then cost a few small pages each.
    ///
    /// # Errors
    /// [`StoreError::OutOfMemory`] if no memory is left.
    pub(crate) fn enter(&self, page: PageId, page_count: u64) -> Result<Entry<'_>, StoreError> {
        let (region, _) = self.regions.split(page.get());
        let dense = region < ROOT_COUNT && self.regions.bounds(region).0 <= page_count.saturating_mul(4);
        self.regions.ensure(page.get(), if dense { HugePages::Ask } else { HugePages::Refuse })?;
        self.blocks.enter(page)?;
        self.end.fetch_max(page.get() + 1, Ordering::Relaxed);
        Ok(self.entry(page).expect("the region was just mapped"))
    }

    /// Counts the id as one that is not in use; nobody stores to its words until it is entered again.
    pub(crate) fn leave(&self, page: PageId) {
        self.blocks.leave(page);
    }

    /// Visits every entry that was ever used, and unused ones near them, by rising id.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (PageId, Entry<'_>)> {
        let end = self.end.load(Ordering::Relaxed);
        self.blocks.ids(end).filter_map(|id| Some((PageId::new(id), self.entry(PageId::new(id))?)))
    }

    /// Visits 64 ids at a time, by rising id, that were ever used.
    ///
    /// # Cost
    /// About a nanosecond an id: two loads of a line, and no look at anything else.
    pub(crate) fn survey(&self, since: Epoch) -> impl Iterator<Item = Group> {
        let groups = self.blocks.groups(self.end.load(Ordering::Relaxed));
        groups.map(move |first| Group::of(first, self.hots(first), since))
    }

    /// Returns the bytes mapped, touched or not.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        self.regions.mapped_bytes() + self.blocks.mapped_bytes()
    }

    /// Returns the bytes of the entries that may take memory: those below the largest id ever used, but for
    /// blocks of 4096 that were never used or are all dead.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed).min(self.blocks.used_ids()) * ENTRY_BYTES as u64
    }

    /// Returns the hot words of the ids that share a bit with `first`, the lowest of them; none, if no page near
    /// it ever was.
    fn hots(&self, first: u64) -> &[Hot] {
        debug_assert!(first.is_multiple_of(GROUP_IDS), "{first} begins no group");
        let Some(Place { start, unit_count, index }) = self.regions.place(first) else { return &[] };
        assert!(index + GROUP_IDS as usize <= unit_count, "a group passes the region's end");
        // SAFETY: checked above: `index` lies in the first column.
        let hot = unsafe { start.cast::<Hot>().add(index) };
        // SAFETY: so do the words behind it, checked above; as for `Entry::hot`.
        unsafe { std::slice::from_raw_parts(hot.as_ptr(), GROUP_IDS as usize) }
    }

    #[inline]
    fn entry_at<'a>(place: Place) -> Entry<'a> {
        // SAFETY: `index` is below `unit_count`, so the two words lie in the first column.
        let hot = unsafe { place.start.cast::<Hot>().add(place.index) };
        // SAFETY: in the region and aligned (its start is to 64, unit counts are powers of two from 64 up); only
        // ever touched as these atomics; valid as long as the table.
        Entry { hot: unsafe { hot.as_ref() }, place }
    }
}
