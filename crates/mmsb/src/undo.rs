//! Old bytes of the newest commits, so that a rewind need not read the log.
//!
//! Each commit leaves a record: the bytes its runs replaced, the pages it created and deleted, the names it
//! changed; short ones that were published together leave one for all. The record of epoch `e`, the last one it
//! tells of, lies in slot `e % depth`, so that it stays as long as each of its commits may be asked for. A committer fills a record of its own while it
//! holds its pages, and after publishing them swaps it with the one in the slot, whose buffers it uses next:
//! nothing is allocated between reservation and publication, and no two committers meet in a slot unless one
//! is `depth` commits behind the other.
//!
//! Invariant: a record tells what its commit replaced, all of it, or is not there. So a commit that leaves
//! none is never wrong, only a reason to read the log. Records take at most the bytes that were allowed,
//! beside what `depth` empty ones take.

mod record;

use std::sync::PoisonError;

use mmsb_page::prefetch_own;
use mmsb_types::Epoch;

use self::record::Replaced;

pub(crate) use self::record::{Life, UndoRecord, UndoSize};
use crate::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// The part of the bytes that records too small to be counted may take together: one in so many.
const SMALL_PART: usize = 8;
/// Room that a record may have beyond its content: one part in so many.
const SLACK_PART: usize = 4;

/// The records of one bus.
#[derive(Debug)]
pub(crate) struct Undo {
    slots: Box<[Slot]>,
    /// A record of at most so many bytes is not counted: all slots full of such take their part.
    small_bytes: usize,
    /// What the others may hold together.
    large_bytes_max: usize,
    /// What they hold.
    large_bytes: AtomicUsize,
    /// Records up to this epoch were dropped to stay within the bytes.
    dropped_through: AtomicU64,
}

/// A line of its own, for neighbours belong to commits of other threads.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot(Mutex<Kept>);

/// A record, and what a committer must know of it to replace it: the record itself may lie in another processor's
/// cache.
#[derive(Debug, Default)]
struct Kept {
    record: Option<Box<UndoRecord>>,
    /// The record's.
    epoch: Epoch,
    /// The record's content.
    bytes: usize,
}

/// The records of consecutive epochs, oldest first, held so that they stay.
pub(crate) struct Records<'u> {
    slots: Vec<MutexGuard<'u, Kept>>,
    /// Commits of the first record that are older than what was asked for.
    skipped: usize,
}

/// A committer's own record, used again and again.
#[derive(Debug, Default)]
pub(crate) struct UndoDraft {
    record: Option<Box<UndoRecord>>,
    is_open: bool,
}

impl Undo {
    /// Keeps at least `depth` records (the next power of two) in at most `bytes`; none if either is 0.
    pub(crate) fn new(depth: u32, bytes: usize) -> Self {
        let depth = if depth == 0 || bytes == 0 { 0 } else { depth.next_power_of_two() as usize };
        Self {
            slots: (0..depth).map(|_| Slot::default()).collect(),
            small_bytes: bytes / SMALL_PART / depth.max(1),
            large_bytes_max: (bytes - bytes / SMALL_PART) / (SLACK_PART + 1) * SLACK_PART,
            large_bytes: AtomicUsize::new(0),
            dropped_through: AtomicU64::new(0),
        }
    }

    /// Returns about how many bytes the records take: those that are counted, and the most that small ones may.
    pub(crate) fn bytes(&self) -> u64 {
        let small_bytes = self.slots.len() * (self.small_bytes + size_of::<Slot>());
        (self.large_bytes.load(Ordering::Relaxed) + small_bytes) as u64
    }

    /// Tells whether no record is ever kept.
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.slots.is_empty()
    }

    /// Makes room in the draft for what a commit replaces, at most `size`. The draft stays closed, and takes
    /// nothing, if that would never be kept.
    ///
    /// Called before the commit holds anything. Nothing allocates from here until [`Undo::keep`].
    pub(crate) fn open(&self, draft: &mut UndoDraft, size: UndoSize) {
        let most = self.large_bytes_max.max(self.small_bytes);
        draft.is_open = !self.is_off() && size.bytes() <= most;
        if draft.is_open {
            let record = draft.record.get_or_insert_default();
            record.approach();
            record.clear();
            record.reserve(size);
        }
    }

    /// Keeps the draft as the record of `epoch`, and closes it. Called after publication, by whoever still
    /// has its committer.
    #[inline]
    pub(crate) fn keep(&self, epoch: Epoch, draft: &mut UndoDraft) {
        self.keep_many(epoch, 1, draft);
    }

    /// Keeps the draft as [`Undo::keep`] does, as the record of `commit_count` commits, the last one's being
    /// `epoch`: several, if each is one entry.
    #[inline]
    pub(crate) fn keep_many(&self, epoch: Epoch, commit_count: usize, draft: &mut UndoDraft) {
        if std::mem::take(&mut draft.is_open) {
            self.keep_open(epoch, commit_count, draft);
        }
    }

    fn keep_open(&self, epoch: Epoch, commit_count: usize, draft: &mut UndoDraft) {
        let Some(record) = &mut draft.record else { return };
        // Whoever comes so late that older and newer ones were dropped has nothing to add.
        if epoch.get() <= self.dropped_through.load(Ordering::Relaxed) {
            return;
        }
        (record.epoch, record.commit_count) = (epoch, commit_count);
        let bytes = record.bytes();
        if record.capacity_bytes() > self.room(bytes) {
            record.shrink();
        }
        let Some(old_bytes) = self.exchange(epoch, bytes, draft) else { return };
        if self.counted(bytes) > 0 {
            self.drop_oldest(epoch);
        }
        // Buffers much longer than this thread's commits need would wander from slot to slot, uncounted.
        draft.record.take_if(|_| old_bytes > self.room(bytes));
        if let Some(old) = &draft.record {
            // Another thread may have filled it: its processor has it.
            prefetch_own(&**old);
        }
    }

    /// Exchanges the draft's record, of so many bytes, for the one in its slot, whose bytes it returns; `None`, and
    /// nothing happens, if that is newer.
    fn exchange(&self, epoch: Epoch, bytes: usize, draft: &mut UndoDraft) -> Option<usize> {
        let mut slot = self.slot(epoch);
        if slot.record.is_some() && slot.epoch > epoch {
            return None;
        }
        // Counted while the slot is held: whoever takes the record out counts back what was counted.
        let old_bytes = if slot.record.is_some() { slot.bytes } else { 0 };
        self.count(self.counted(bytes), self.counted(old_bytes));
        (slot.epoch, slot.bytes) = (epoch, bytes);
        std::mem::swap(&mut slot.record, &mut draft.record);
        Some(old_bytes)
    }

    /// The most that the buffers of a record of so many bytes may take.
    fn room(&self, bytes: usize) -> usize {
        self.small_bytes.max(bytes + bytes / SLACK_PART)
    }

    /// Asks the memory for the place of the epoch's record, which another thread used last as often as not.
    #[inline]
    pub(crate) fn approach(&self, epoch: Epoch) {
        if !self.is_off() {
            prefetch_own(&self.slots[self.index(epoch)]);
        }
    }

    /// Returns the records of all commits behind `target` up to `newest`, or `None` if one is not there.
    ///
    /// Nobody may commit meanwhile, or leave a record late.
    pub(crate) fn records(&self, target: Epoch, newest: Epoch) -> Option<Records<'_>> {
        if newest.get().saturating_sub(target.get()) > self.slots.len() as u64 {
            return None;
        }
        let (mut found, mut reached) = (Records { slots: Vec::new(), skipped: 0 }, target.get());
        for epoch in target.get() + 1..=newest.get() {
            let slot = self.slot(Epoch::new(epoch));
            // Where there is none, a later one may tell of the epoch, too.
            let Some(count) = count_to(&slot, epoch) else { continue };
            let overlap = (reached + count).checked_sub(epoch)?;
            if found.slots.is_empty() {
                found.skipped = overlap as usize;
            }
            found.slots.push(slot);
            reached = epoch;
        }
        (reached == newest.get()).then_some(found)
    }

    /// Returns the oldest epoch that the records reach back to from `newest`.
    pub(crate) fn oldest(&self, newest: Epoch) -> Epoch {
        let depth = self.slots.len() as u64;
        let floor = newest.get().saturating_sub(depth);
        let mut oldest = newest.get();
        while oldest > floor
            && let Some(count) = count_to(&self.slot(Epoch::new(oldest)), oldest)
        {
            oldest -= count;
        }
        Epoch::new(oldest.max(floor))
    }

    fn slot(&self, epoch: Epoch) -> MutexGuard<'_, Kept> {
        self.slots[self.index(epoch)].0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn index(&self, epoch: Epoch) -> usize {
        epoch.get() as usize & (self.slots.len() - 1)
    }

    /// What a record of so many bytes adds to those counted.
    #[inline]
    fn counted(&self, bytes: usize) -> usize {
        if bytes > self.small_bytes { bytes } else { 0 }
    }

    fn count(&self, more: usize, less: usize) {
        if more != less {
            self.large_bytes.fetch_add(more.wrapping_sub(less), Ordering::Relaxed);
        }
    }

    /// Drops records, oldest first, until the counted ones are within their bytes; never that of `newest`.
    fn drop_oldest(&self, newest: Epoch) {
        let oldest = newest.get().saturating_sub(self.slots.len() as u64);
        let from = self.dropped_through.load(Ordering::Relaxed).max(oldest) + 1;
        for epoch in from..newest.get() {
            if self.large_bytes.load(Ordering::Relaxed) <= self.large_bytes_max {
                return;
            }
            self.dropped_through.fetch_max(epoch, Ordering::Relaxed);
            let mut slot = self.slot(Epoch::new(epoch));
            let dropped = slot.record.take_if(|record| record.epoch.get() <= epoch);
            self.count(0, dropped.as_ref().map_or(0, |record| self.counted(record.bytes())));
            // Freed where nobody waits for the slot.
            drop(slot);
        }
    }
}

/// Returns how many commits the record tells of, if it ends with `epoch`.
fn count_to(slot: &Kept, epoch: u64) -> Option<u64> {
    slot.record.as_ref()?.count_to(Epoch::new(epoch))
}

impl Records<'_> {
    /// Visits what the records tell, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Replaced<'_>> + Clone {
        let records = self.slots.iter().filter_map(|slot| slot.record.as_deref());
        records.enumerate().map(|(at, record)| record.replaced(if at == 0 { self.skipped } else { 0 }))
    }
}

impl UndoDraft {
    /// Returns the record to add to, if the commit leaves one.
    #[inline]
    pub(crate) fn record(&mut self) -> Option<&mut UndoRecord> {
        self.record.as_deref_mut().filter(|_| self.is_open)
    }
}
