//! The bus: pages in memory, a log behind them, and the doors to both.
//!
//! Invariant: the pages are the newest state of the log, always; nothing else writes them.

mod aliases;
mod builder;
mod catalogue;
mod located;
mod open;
mod past;
mod read;
mod snapshot;
mod stop;
mod write;

use std::{fmt, panic::Location, sync::Arc, time::Duration};

use mmsb_delta::BatchView;
use mmsb_page::{AllCommitters, Committer, Need, PageStore, ReadError, StoreError};
use mmsb_types::{Epoch, env};

use crate::{
    Error, Gpu, Transaction,
    alive::Alive,
    branch::Parent,
    catalogue::Catalogue,
    checkpoint::{Auto, Checkpoints, Retention},
    clock::Clock,
    counters::{Amount, Counters, Timer},
    graph::GraphLock,
    interner::{Interner, SourceLoan},
    journal::Journal,
    lineage::Lineage,
    state_hash::StateMarks,
    stats::Counts,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        thread,
    },
    txn::Draft,
    undo::Undo,
    wave::{Hands, Propagation, token},
};

use self::stop::Closer;
pub use self::{aliases::start, builder::Builder};
pub(crate) use self::{past::last_epochs, read::with_buffer};

/// How long a commit waits for one of the 254 committer slots.
const COMMITTER_WAIT: Duration = Duration::from_secs(10);

/// Live state as versioned byte pages, changed by commits, every commit in one log.
///
/// Clones are handles to the same bus. The last one dropped closes it; [`Bus::stop`] does so and tells
/// whether it went well.
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
    /// Shared by the handles alone: the last one dropped ends the bus, whoever else still looks at it.
    closer: Arc<Closer>,
}

/// What all handles share, and snapshots, which outlive them.
pub(crate) struct Inner {
    pub(crate) store: PageStore,
    pub(crate) catalogue: Catalogue,
    pub(crate) graph: GraphLock,
    pub(crate) journal: Journal,
    pub(crate) interner: Interner,
    undo: Undo,
    options: Options,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) auto: Auto,
    /// `None` where no hashes are told.
    pub(crate) state_marks: Option<StateMarks>,
    stopped: AtomicBool,
    /// Held by the one commit that may wait for page locks while it holds some.
    bulk_ticket: Mutex<()>,
    pub(crate) counters: Counters,
    pub(crate) alive: Alive,
    /// What counters were at when they were set to zero.
    pub(crate) stats_base: Mutex<Counts>,
    pub(crate) lineage: Lineage,
    /// Log bytes since the journal was trimmed last.
    untrimmed_bytes: AtomicU64,
}

impl Inner {
    /// Tells whether commits go to memory only: then none is ever more than visible.
    #[inline]
    pub(crate) fn is_in_memory(&self) -> bool {
        self.options.in_memory
    }

    #[inline]
    pub(crate) fn check_stopped(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::SeqCst) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Returns how much log behind the last checkpoint asks for one on `stop`.
    pub(crate) fn stop_bytes(&self) -> Option<u64> {
        self.options.stop_bytes
    }

    /// Returns how much of the past is to be kept.
    pub(crate) fn retention(&self) -> Retention {
        self.options.retention
    }

    /// Returns what a branch of the bus takes over from it.
    pub(crate) fn as_parent(&self) -> Parent<'_> {
        let record_bytes_max = self.journal.record_bytes_max();
        let alive = self.alive.branch();
        Parent { lineage: &self.lineage, sites: self.options.sites, record_bytes_max, alive }
    }
}

/// What a bus was built with.
#[derive(Clone, Debug)]
struct Options {
    durability: mmsb_types::Durability,
    sites: bool,
    clock: Option<Arc<dyn Clock>>,
    /// Nothing outlives the process: a bus in memory, or one that keeps nothing.
    in_memory: bool,
    keep_bytes: Option<u64>,
    /// How much of the past a bus on disk keeps.
    retention: Retention,
    /// A checkpoint is made on `stop` if more log than that is behind the last one.
    stop_bytes: Option<u64>,
    /// How many commits a rewind goes back without the log, and the bytes for that.
    undo: (u32, usize),
    propagation: Propagation,
    hands: Hands,
    /// Who keeps pages that are wanted on a device.
    gpu: Gpu,
    /// Commits are counted and timed.
    has_stats: bool,
}

impl fmt::Debug for Bus {
    /// A line, not the pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.inner.store.stats().pages;
        f.debug_struct("Bus")
            .field("epoch", &self.epoch())
            .field("page_count", &pages)
            .finish_non_exhaustive()
    }
}

impl Bus {
    /// Starts with everything at its default.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the newest state's epoch: every commit up to it is published.
    ///
    /// Where threads commit side by side, a commit that did not wait for its durability may be ahead of it
    /// for a moment, until those with lower numbers are published; [`Bus::at`] waits for them.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.inner.journal.newest()
    }

    /// Begins a transaction.
    ///
    /// With [`Builder::sites`] the caller's place in the code is recorded with the commit.
    #[track_caller]
    pub fn begin(&self) -> Transaction<'_> {
        // Asked here, not in a closure: that would be the caller then.
        let caller = Location::caller();
        let site = self.inner.options.sites.then_some(caller);
        Transaction::new(self, self.inner.options.durability, site)
    }

    pub(crate) fn shared(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    #[inline]
    pub(crate) fn store(&self) -> &PageStore {
        &self.inner.store
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    #[inline]
    pub(crate) fn graph_lock(&self) -> &GraphLock {
        &self.inner.graph
    }

    #[inline]
    pub(crate) fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Returns what the bus's states descend from.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.inner.lineage
    }

    #[inline]
    pub(crate) fn undo(&self) -> &Undo {
        &self.inner.undo
    }

    pub(crate) fn bulk_ticket(&self) -> &Mutex<()> {
        &self.inner.bulk_ticket
    }

    /// Returns the time to stamp a commit with, if the builder asked for it.
    pub(crate) fn now_nanos(&self) -> Option<u64> {
        self.inner.options.clock.as_ref().map(|clock| clock.now_nanos())
    }

    /// Tells whether commits are stamped with a time.
    #[inline]
    pub(crate) fn has_clock(&self) -> bool {
        self.inner.options.clock.is_some()
    }

    /// Returns who computes the pages of waves.
    pub(crate) fn hands(&self) -> Hands {
        self.inner.options.hands
    }

    /// Tells whether pages wait to be computed.
    pub(crate) fn defers(&self) -> bool {
        self.inner.options.propagation != Propagation::Immediate
    }

    /// Returns how many stale pages are computed together.
    pub(crate) fn batch(&self) -> Option<usize> {
        match self.inner.options.propagation {
            Propagation::Batch(count) => Some(count.max(1)),
            Propagation::Immediate | Propagation::Deferred => None,
        }
    }

    /// Takes the right to commit; refused once the bus is stopped.
    #[inline]
    pub(crate) fn committer(&self) -> Result<Committer<'_>, Error> {
        token::check()?;
        self.check_stopped()?;
        let committer = self.inner.store.committers().acquire(COMMITTER_WAIT);
        // Looked at again after taking: `stop` sets the flag, then waits until nobody holds a committer.
        self.check_stopped()?;
        committer.ok_or_else(all_committers_busy)
    }

    /// Takes the right to commit from everybody else; refused once the bus is stopped.
    pub(crate) fn gate(&self) -> Result<AllCommitters<'_>, Error> {
        token::check()?;
        let gate = self.store().committers().all(COMMITTER_WAIT);
        self.check_stopped()?;
        let waited_ms = COMMITTER_WAIT.as_millis() as u64;
        gate.ok_or(Error::Busy { what: "a commit under way", waited_ms })
    }

    /// Makes sure of room for what a commit replaces; waits for a checkpoint under way, if that needs it.
    #[inline]
    pub(crate) fn stash(&self, committer: &Committer<'_>, need: Need) -> Result<(), Error> {
        if self.inner.store.stash(committer, need) { Ok(()) } else { Err(no_room()) }
    }

    #[inline]
    pub(crate) fn check_stopped(&self) -> Result<(), Error> {
        self.inner.check_stopped()
    }

    /// Returns what a branch of the bus takes over from it.
    pub(crate) fn as_parent(&self) -> Parent<'_> {
        self.inner.as_parent()
    }

    /// Tells whether commits record where in the code they were begun.
    #[inline]
    pub(crate) fn records_sites(&self) -> bool {
        self.inner.options.sites
    }

    /// Lends the numbers of a transaction's tag and code site.
    pub(crate) fn lend_source(&self, draft: &Draft) -> Option<SourceLoan<'_>> {
        if draft.tag().is_none() && draft.site.is_none() {
            return None;
        }
        Some(self.inner.interner.lend(draft.tag(), draft.site))
    }

    /// Returns how safe commits are unless they ask for something else.
    #[inline]
    pub(crate) fn durability(&self) -> mmsb_types::Durability {
        self.inner.options.durability
    }

    /// Tells whether commits go to memory only: then none is ever more than visible.
    #[inline]
    pub(crate) fn is_in_memory(&self) -> bool {
        self.inner.is_in_memory()
    }

    /// Notes which epoch a commit makes, before anybody can see the commit.
    #[inline]
    pub(crate) fn note_epoch(&self, committer: &Committer<'_>, epoch: Epoch) {
        self.inner.counters.set_epoch(committer.number(), epoch);
    }

    /// Returns the newest epoch. If somebody may have seen `wanted` already, though commits of other threads
    /// with lower numbers are still being published, it waits for those: they wait for nobody.
    pub(crate) fn newest_for(&self, wanted: Epoch) -> Epoch {
        let start = env::now();
        let is_made = wanted <= self.inner.counters.newest();
        while is_made && self.epoch() < wanted && start.elapsed() < COMMITTER_WAIT {
            thread::yield_now();
        }
        self.epoch()
    }

    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Begins to time a commit that this thread is about to make, if it is timed.
    #[inline]
    pub(crate) fn time_commit(&self, durability: mmsb_types::Durability) -> Option<Timer> {
        let is_long = durability == mmsb_types::Durability::Synced && !self.is_in_memory();
        self.inner.counters.time_commit(self.inner.store.committers().likely(), is_long)
    }

    #[inline]
    pub(crate) fn count_commit(&self, committer: &Committer<'_>, batch: BatchView<'_>, frame_bytes: usize) {
        self.count(committer, Amount::of(batch), frame_bytes);
    }

    #[inline]
    pub(crate) fn count(&self, committer: &Committer<'_>, amount: Amount, frame_bytes: usize) {
        if self.inner.counters.add(committer.number(), amount, frame_bytes) {
            self.inner.auto.nudge(&self.inner);
        }
        if self.inner.options.keep_bytes.is_some() {
            self.inner.untrimmed_bytes.fetch_add(frame_bytes as u64, Ordering::Relaxed);
        }
    }

    /// Keeps an in-memory log within its bytes. A failure is not the commit's: it has happened.
    #[inline]
    pub(crate) fn after_commit(&self) {
        let Some(keep) = self.inner.options.keep_bytes else { return };
        if self.inner.untrimmed_bytes.load(Ordering::Relaxed) < keep / 4 {
            return;
        }
        self.inner.untrimmed_bytes.store(0, Ordering::Relaxed);
        if let Err(error) = self.inner.journal.trim() {
            tracing::error!(%error, "trimming the history of a bus in memory");
        }
    }
}

#[cold]
fn no_room() -> Error {
    Error::Busy { what: "the memory for old pages, which a checkpoint has to read,", waited_ms: 10_000 }
}

#[cold]
fn all_committers_busy() -> Error {
    Error::Busy { what: "every committer slot", waited_ms: COMMITTER_WAIT.as_millis() as u64 }
}

/// Tells a reader's failure in the user's words.
pub(crate) fn read_error(error: ReadError, epoch: Epoch) -> Error {
    match error {
        ReadError::OutOfBounds { page, offset, len, page_bytes } => {
            Error::OutOfBounds { page, offset, len, page_bytes }
        }
        ReadError::NotFound { page } => Error::PageNotFound { page, epoch },
        ReadError::OutOfMemory { page_bytes, .. } => no_memory(page_bytes),
        _ => Error::Busy { what: "a page", waited_ms: 0 },
    }
}

/// The error for a page whose bytes there is no memory for.
#[cold]
pub(crate) fn no_memory(page_bytes: u32) -> Error {
    Error::OutOfMemory { page_bytes, source: std::io::ErrorKind::OutOfMemory.into() }
}

/// Tells a birth's failure in the user's words.
pub(crate) fn store_error(error: StoreError) -> Error {
    match error {
        StoreError::PageBytes { page_bytes, .. } => Error::PageLength { page_bytes: u64::from(page_bytes) },
        StoreError::OutOfMemory { bytes, source } => {
            Error::OutOfMemory { page_bytes: u32::try_from(bytes).unwrap_or(u32::MAX), source }
        }
        StoreError::IdOutOfRange { id_max, .. } => Error::IdsUsedUp { limit: id_max.get() },
        StoreError::NotFree { page } => Error::Conflict { page },
        _ => Error::Busy { what: "page memory", waited_ms: 0 },
    }
}
