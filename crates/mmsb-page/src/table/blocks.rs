//! 4096 ids at a time: which of them were used, and how many are in use.
//!
//! Ids are never given to another page, so a store that creates and deletes forever would fill its table
//! with the dead. A block none of whose ids is in use gives its memory back; its entries are then as if
//! they had never been used. Who wants to use one of them meanwhile waits for the system call.
//!
//! Nobody misses what was there. Who is about to lock or read a page that died compares a lock word with
//! the one he saw: epochs begin at 1, so it is not zero. A snapshot that needs a pre-image of one of the
//! pages, or its last epoch, is older than the page's death: as long as there is one, the block stays.
//!
//! Invariant: `count` is the number of ids of the block between `enter` and `leave`, or `EMPTYING`; only
//! ids that are counted are stored to (a failed attempt to lock one aside, which leaves it as it was).

#[cfg(all(test, not(miri), target_os = "linux"))]
mod tests;

use mmsb_types::{PageId, Place as Whereabouts, Violation};

use super::{Hot, LENGTH_AT, Table, VER_AT};
use crate::{
    PageStore, StoreError, meta,
    regions::{HugePages, Place, Regions},
    sync::{AtomicU32, AtomicU64, Backoff, Mutex, Ordering, try_lock},
};

/// Ids that share a bit.
pub(super) const GROUP_IDS: u64 = 64;
/// Ids of a block: a word of bits.
const BLOCK_IDS: u64 = GROUP_IDS * u64::BITS as u64;
/// The first region's blocks.
const FIRST_LOG2: u32 = 9;
/// A count that stands for a block whose memory is being given back.
const EMPTYING: u32 = u32::MAX;
/// Blocks that one call looks at.
const LOOKS_MAX: u64 = 1024;

/// What is known of all blocks.
pub(super) struct Blocks {
    regions: Regions<FIRST_LOG2, { size_of::<Block>() }>,
    /// Blocks one of whose bits is set.
    used_count: AtomicU64,
    /// How often a block got empty and was not looked at since: a hint.
    empties: AtomicU64,
    /// The next block to look at; holding the mutex is the right to empty blocks.
    hand: Mutex<u64>,
}

/// What is known of a block.
#[repr(C, align(16))]
struct Block {
    /// A bit for every 64 ids: one of them was used.
    used: AtomicU64,
    /// Ids in use.
    count: AtomicU32,
}

impl Blocks {
    pub(super) fn new() -> Self {
        let (used_count, empties) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { regions: Regions::new(), used_count, empties, hand: Mutex::new(0) }
    }

    /// Counts the id as one in use.
    pub(super) fn enter(&self, page: PageId) -> Result<(), StoreError> {
        self.regions.ensure(page.get() / BLOCK_IDS, HugePages::Refuse)?;
        let block = self.block(page.get() / BLOCK_IDS).expect("the region was just mapped");
        let mut backoff = Backoff::default();
        while !block.add_one() {
            backoff.wait();
        }
        let bit = 1 << (page.get() % BLOCK_IDS / GROUP_IDS);
        if block.used.load(Ordering::Relaxed) & bit == 0 && block.used.fetch_or(bit, Ordering::Relaxed) == 0 {
            self.used_count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Counts the id as one not in use.
    pub(super) fn leave(&self, page: PageId) {
        let block = self.block(page.get() / BLOCK_IDS).expect("the id was entered");
        if block.count.fetch_sub(1, Ordering::Release) == 1 {
            self.empties.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the ids below `end` that were ever used, and unused ones near them.
    pub(super) fn ids(&self, end: u64) -> impl Iterator<Item = u64> {
        self.groups(end).flat_map(move |first| first.max(1)..(first + GROUP_IDS).min(end))
    }

    /// Returns the first of every 64 ids below `end` one of which was ever used.
    pub(super) fn groups(&self, end: u64) -> impl Iterator<Item = u64> {
        let used = |block| self.block(block).map_or(0, |block| block.used.load(Ordering::Relaxed));
        let blocks = (0..end.div_ceil(BLOCK_IDS)).map(move |block| (block, used(block)));
        blocks.filter(|&(_, used)| used != 0).flat_map(|(block, used)| {
            let bits = (0..u64::from(u64::BITS)).filter(move |bit| used >> bit & 1 != 0);
            bits.map(move |bit| block * BLOCK_IDS + bit * GROUP_IDS)
        })
    }

    /// Returns how many ids have words that may take memory.
    pub(super) fn used_ids(&self) -> u64 {
        self.used_count.load(Ordering::Relaxed) * BLOCK_IDS
    }

    pub(super) fn mapped_bytes(&self) -> u64 {
        self.regions.mapped_bytes()
    }

    fn block(&self, block: u64) -> Option<&Block> {
        let Place { start, index, .. } = self.regions.place(block)?;
        // SAFETY: `index` is below the region's unit count, and a unit is a block.
        let block = unsafe { start.cast::<Block>().add(index) };
        // SAFETY: in the region, aligned (its start is to 64), only ever touched as these atomics; valid as
        // long as the table.
        Some(unsafe { block.as_ref() })
    }
}

impl Block {
    /// Counts one more; false if the block is being emptied.
    fn add_one(&self) -> bool {
        let more = |count| (count != EMPTYING).then(|| count + 1);
        self.count.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).is_ok()
    }

    /// Runs `empty` while nobody can use an id of the block; does nothing if one is in use, or none ever was.
    fn while_unused(&self, empty: impl FnOnce() -> bool) -> bool {
        let is_worth_it = self.used.load(Ordering::Relaxed) != 0;
        // Acquire: what those who left stored is done.
        let swap = || self.count.compare_exchange(0, EMPTYING, Ordering::Acquire, Ordering::Relaxed);
        if !is_worth_it || swap().is_err() {
            return false;
        }
        let done = empty();
        if done {
            self.used.store(0, Ordering::Relaxed);
        }
        self.count.store(0, Ordering::Release);
        done
    }
}

impl PageStore {
    /// Compares what is counted of blocks with what lives in them; nobody uses the store meanwhile, and no page
    /// is being prepared.
    pub(crate) fn check_blocks(&self) -> Vec<Violation> {
        let blocks = &self.table.blocks;
        let count = self.table.end.load(Ordering::Relaxed).div_ceil(BLOCK_IDS);
        let known = (0..count).filter_map(|number| Some((number, blocks.block(number)?)));
        let (mut used_count, mut found) = (0, Vec::new());
        let mut wrong = |facts| found.push(Violation::new("page/block-count", Whereabouts::Whole, facts));
        for (number, block) in known {
            let (used, counted) = (block.used.load(Ordering::Relaxed), block.count.load(Ordering::Relaxed));
            used_count += u64::from(used != 0);
            if (used, counted) == (0, 0) {
                continue;
            }
            let ids = number * BLOCK_IDS..(number + 1) * BLOCK_IDS;
            let living = ids.filter(|&id| self.contains(PageId::new(id)));
            let (mut alive, mut unmarked) = (0, 0);
            for id in living {
                alive += 1;
                unmarked += u32::from(used >> (id % BLOCK_IDS / GROUP_IDS) & 1 == 0);
            }
            if (alive, 0) != (counted, unmarked) {
                wrong(format!("block {number}: {counted} counted, {alive} live, {unmarked} without a mark"));
            }
        }
        let counted = blocks.used_count.load(Ordering::Relaxed);
        if counted != used_count {
            wrong(format!("{counted} blocks counted as used, not {used_count}"));
        }
        found
    }

    /// Gives back the table's memory where all pages of a block are dead, and no snapshot is older than
    /// their deaths. Called now and then, while nothing is held; bounded, and waits for nobody.
    #[inline]
    pub(crate) fn forget_dead(&self) {
        if self.table.blocks.empties.load(Ordering::Relaxed) > 0 {
            self.forget_some();
        }
    }

    #[cold]
    fn forget_some(&self) {
        let blocks = &self.table.blocks;
        // The book keeps new snapshots away, and those who take records out of chains.
        let (Some(mut hand), Some(book)) = (try_lock(&blocks.hand), self.pins.try_book()) else { return };
        blocks.empties.store(0, Ordering::Relaxed);
        let oldest = self.pins.oldest(&book);
        // The last block is still being filled.
        let end = self.table.end.load(Ordering::Relaxed) / BLOCK_IDS;
        for _ in 0..LOOKS_MAX.min(end) {
            let number = *hand % end;
            *hand = number + 1;
            self.forget_block(number, oldest);
        }
    }

    fn forget_block(&self, number: u64, oldest: u64) {
        let blocks = &self.table.blocks;
        let Some(block) = blocks.block(number) else { return };
        if block.while_unused(|| self.table.empty(number, oldest)) {
            blocks.used_count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Table {
    /// Gives back the memory of a block that nobody uses, unless one of its pages died after `oldest`.
    fn empty(&self, block: u64, oldest: u64) -> bool {
        let first = block * BLOCK_IDS;
        let Some(place) = self.regions.place(first) else { return false };
        let mut ids = (first..first + BLOCK_IDS).filter_map(|id| self.entry(PageId::new(id)));
        let is_cut = place.unit_count - place.index < BLOCK_IDS as usize;
        if is_cut || ids.any(|entry| meta::epoch(entry.meta().load(Ordering::Relaxed)).get() > oldest) {
            return false;
        }
        let columns = [(0, size_of::<Hot>()), (LENGTH_AT, 4), (VER_AT, 4)];
        columns.into_iter().all(|(at, bytes)| {
            let from = at * place.unit_count + bytes * place.index;
            // SAFETY: entries are only ever touched as atomics, and nobody stores to those of a block whose
            // count is not given out: who tries to lock a dead page compares a word that is no longer there.
            unsafe { self.regions.give_back(first, from, bytes * BLOCK_IDS as usize) }
        })
    }
}
