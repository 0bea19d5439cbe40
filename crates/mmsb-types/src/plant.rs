//! Faults that a test can plant: what makes the engine right, taken away one thing at a time.
//!
//! A check that never failed proves nothing. So the places that carry a proof name themselves, and a build
//! with the feature `plant`, or for the model checker, can weaken each of them: an ordering becomes
//! `Relaxed`, a step is left out. The check has to find that.
//!
//! Invariant: in any other build [`is_planted`] is the constant `false`, and costs nothing.

#[cfg(loom)]
mod explore;

use core::sync::atomic::Ordering;

#[cfg(loom)]
pub use self::explore::{TOO_FEW_WORDS, explore};

/// A place that a test can weaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    /// A reader does not look again at the words by which it found its page.
    ReaderRecheck = 1,
    /// A reader looks again without a fence between.
    ReaderFence,
    /// A writer stores words without a fence behind its lock.
    WriterFence,
    /// A lock is taken relaxed: what the last holder wrote may not be seen.
    LockOrder,
    /// A page is published relaxed: its lock word may be seen before its bytes.
    PublishOrder,
    /// A free slot's next owner writes without a fence behind the end of the page before.
    ReuseFence,
    /// A committer number comes back relaxed: what was done under it may not be seen.
    ReturnOrder,
    /// The exclusive gate does not wait for numbers on loan.
    GateUnwaited,
    /// A commit's number is not taken while its pages are held.
    NumberBeforeLocks,
    /// A snapshot's creator does not say that it is under way.
    LostPending,
    /// A snapshot's creator loads the newest number, in place of adding nothing to it.
    TakenByLoad,
    /// Who drops a snapshot forgets that there are others.
    UnpinForgets,
    /// A snapshot that passes pages leaves the others before it says that it does.
    StreamLeaves,
    /// A snapshot's reader does not look again at the words by which it found its page.
    PlaceRecheck,
    /// A pre-image is linked relaxed: it may be found before it is whole.
    ChainOrder,
    /// A snapshot's reader does not look again whether memory was reclaimed.
    ReclaimRecheck,
    /// A model's small commit waits while it holds pages.
    WaitHolding,
    /// A model's commit checks what it read before it locks, not after.
    CheckedUnlocked,
    /// A model's look-up does not wait for the published prefix.
    LookupUnwaited,
    /// A done slot is stored relaxed: the flusher may see it before the frame.
    DoneSlot,
    /// Room in the ring is taken without looking whether there is any.
    CreditUnchecked,
    /// Numbers are reserved relaxed: who counts one may not see what its maker did before.
    ReserveOrder,
    /// The newest number is loaded, not added nothing to: who reserves later may not see the asker.
    LastIsLoad,
    /// A sync of the log returns without syncing.
    SkipSync,
    /// The directory of a new segment is not synced.
    SkipDirSync,
    /// A commit is told to be synced once it is written.
    AckEarly,
    /// What is written to a file that has no name yet is told to be written.
    AckUnnamed,
    /// Who holds the flush is not woken when a turn to sync ends, unless it is the one who shall make the next.
    HolderUnwoken,
    /// Commits that wait for a sync do not wait for one that is under way, but sync beside it.
    SyncTogether,
    /// A value that was replaced is freed at once, whoever still looks at it.
    FreedAtOnce,
    /// The checksum of a frame's body is not looked at.
    SkipChecksum,
    /// A torn tail is cut, and the cut is not synced.
    SkipCutSync,
    /// The log is cut before the manifest without what is cut is durable.
    CutBeforeCheckpoint,
    /// A commit is told to be written while it is only in memory.
    AckUnwritten,
    /// A failed sync is taken for a good one.
    IgnoreSyncError,
    /// What may be in the system's memory only is not written again before something is put behind it.
    SkipRenew,
    /// Names that a dead writer left unsynced are taken for durable.
    SkipSettle,
    /// The lengths of a delta's columns are not looked at.
    SkipBounds,
    /// A length that a record tells is used before it was held against what the file has.
    SkipLengthCap,
    /// Memory for what a file holds is taken as if there always were enough.
    Unreserved,
    /// A run of a stored page may pass the page's end.
    RunPastEnd,
    /// Memory gets another first byte than the log, where a commit is one short write.
    StoreFlipped,
}

/// Tells whether the fault is planted.
#[cfg(not(any(feature = "plant", loom)))]
#[inline(always)]
#[must_use]
pub const fn is_planted(_: Fault) -> bool {
    false
}

#[cfg(any(feature = "plant", loom))]
pub use self::planted::{is_planted, plant};

/// Returns `ordering`, or `Relaxed` where the fault is planted.
#[cfg(not(any(feature = "plant", loom)))]
#[inline(always)]
#[must_use]
pub const fn order(_: Fault, ordering: Ordering) -> Ordering {
    ordering
}

/// Returns `ordering`, or `Relaxed` where the fault is planted.
#[cfg(any(feature = "plant", loom))]
#[must_use]
pub fn order(fault: Fault, ordering: Ordering) -> Ordering {
    if is_planted(fault) { Ordering::Relaxed } else { ordering }
}

/// One fault for all threads: a stress has many.
#[cfg(all(feature = "plant", not(loom)))]
mod planted {
    use core::sync::atomic::{AtomicU32, Ordering};

    use super::Fault;

    static PLANTED: AtomicU32 = AtomicU32::new(0);

    /// Plants a fault, or none.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.store(fault.map_or(0, |fault| fault as u32), Ordering::SeqCst);
    }

    /// Tells whether the fault is planted.
    #[must_use]
    pub fn is_planted(fault: Fault) -> bool {
        PLANTED.load(Ordering::Relaxed) == fault as u32
    }
}

/// One fault for each thread of the test runner: a model's threads are no threads of the system.
#[cfg(loom)]
mod planted {
    use std::cell::Cell;

    use super::Fault;

    std::thread_local! {
        static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plants a fault, or none.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    /// Tells whether the fault is planted.
    #[must_use]
    pub fn is_planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
