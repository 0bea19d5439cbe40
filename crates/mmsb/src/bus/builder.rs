//! Everything about a bus that has a default.

use std::{num::NonZeroUsize, path::Path, sync::Arc};

use mmsb_page::StoreOptions;
use mmsb_tlog::{
    InstanceId, LogOptions, PackedStart, SyncEvery,
    vfs::{MemoryVfs, NullVfs, OsVfs, Vfs},
};
use mmsb_types::Durability;

use super::Options;
use crate::{
    Bus, CheckpointEvery, Error, Gpu, OpenProgress, Propagation, Retention, checkpoint::STOP_BYTES,
    clock::Clock, recovery::Opening, replay::Crew, wave::Hands,
};

const HISTORY_BYTES: u64 = 64 << 20;
const PAGE_BYTES_MAX: u64 = 64 << 30;
const UNDO_DEPTH: u32 = 64;
const UNDO_BYTES: usize = 4 << 20;

/// Builds a [`Bus`] that is not as usual.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::builder().sites(true).clock(mmsb::FixedClock(0)).in_memory()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) options: Options,
    pub(super) log: LogOptions,
    pub(super) store: StoreOptions,
    pub(super) instance: Option<InstanceId>,
    prewrite: Option<bool>,
    pub(super) checkpoint_every: CheckpointEvery,
    pub(super) opening: Opening,
    history_bytes: u64,
    pub(super) state_hash_every: Option<u64>,
}

impl Default for Builder {
    fn default() -> Self {
        let options = Options {
            durability: Durability::Written,
            sites: false,
            clock: None,
            in_memory: false,
            keep_bytes: None,
            retention: Retention::All,
            stop_bytes: Some(STOP_BYTES),
            undo: (UNDO_DEPTH, UNDO_BYTES),
            propagation: Propagation::Immediate,
            hands: Hands::default(),
            gpu: Gpu::device(),
            has_stats: true,
        };
        Self {
            options,
            log: LogOptions::default(),
            store: StoreOptions { page_bytes_max: PAGE_BYTES_MAX, ..StoreOptions::default() },
            instance: None,
            prewrite: None,
            checkpoint_every: CheckpointEvery::default(),
            opening: Opening::default(),
            history_bytes: HISTORY_BYTES,
            state_hash_every: None,
        }
    }
}

impl Builder {
    /// Sets how safe a commit is when it returns; `Written` if not said. A transaction may say otherwise.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.options.durability = durability;
        self
    }

    /// Records with each commit where in the code it was begun; off if not said.
    #[must_use]
    pub fn sites(mut self, record: bool) -> Self {
        self.options.sites = record;
        self
    }

    /// Stamps each commit with the time of `clock`; none if not said.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.options.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the longest record, in bytes; 256 MiB if not said, and at most.
    #[must_use]
    pub fn record_bytes_max(mut self, bytes: u32) -> Self {
        self.log.record_bytes_max = bytes;
        self
    }

    /// Sets the log ring's length, in bytes; 2 MiB if not said, 4 MiB at most.
    #[must_use]
    pub fn ring_bytes(mut self, bytes: usize) -> Self {
        self.log.ring_bytes = bytes;
        self
    }

    /// Sets when what is written is synced though nobody waits for it: how much a power cut may take of commits
    /// that did not ask to be [`Durability::Synced`]. [`SyncEvery::BEHIND`] if not said.
    #[must_use]
    pub fn sync_every(mut self, every: SyncEvery) -> Self {
        self.log.sync_every = Some(every);
        self
    }

    /// Sets the longest file of the log, in bytes; 64 MiB if not said. A longer commit has a file to itself.
    #[must_use]
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.log.segment_bytes = bytes;
        self
    }

    /// Fills the log's next file with zeros ahead of time, so that syncs are cheap; on if not said, but off on
    /// another file system than the operating system's.
    #[must_use]
    pub fn prewrite(mut self, prewrite: bool) -> Self {
        (self.prewrite, self.log.prewrite) = (Some(prewrite), prewrite);
        self
    }

    /// Sets how many bytes of its newest log a bus in memory keeps; 64 MiB if not said.
    #[must_use]
    pub fn history_bytes(mut self, bytes: u64) -> Self {
        self.history_bytes = bytes;
        self
    }

    /// Keeps what the newest `depth` commits replaced, in at most `bytes` of memory, so that
    /// [`Bus::rewind`] over them need not read the log; 64 commits and 4 MiB if not said, none with 0.
    ///
    /// The oldest go first where they need more; a commit that alone needs more leaves nothing behind.
    #[must_use]
    pub fn undo(mut self, depth: u32, bytes: usize) -> Self {
        self.options.undo = (depth, bytes);
        self
    }

    /// Sets when derived pages are computed; in the commit that changes what they are computed from, if not said.
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.options.propagation = propagation;
        self
    }

    /// Sets how many threads compute derived pages, the one that commits included; 1 if not said.
    ///
    /// Pages that do not depend on each other are shared out among them once the committing thread has been at
    /// such a group for 50 microseconds; a wave that takes less calls nobody in. State, log, reports and errors are
    /// the same, byte for byte, for any number. The threads are the bus's own, started by the first wave, and run
    /// functions and nothing else; where the system has none to spare, the committing thread goes on alone.
    ///
    /// One is the default because the bus lives inside programs that have threads of their own, and processors that
    /// are theirs: others are for them to give.
    #[must_use]
    pub fn propagation_workers(mut self, count: usize) -> Self {
        self.options.hands.count = count.max(1);
        self
    }

    /// Sets who keeps the pages that [live](Bus::locate) on a device; [`Gpu::device`] if not said.
    #[must_use]
    pub fn gpu(mut self, gpu: Gpu) -> Self {
        self.options.gpu = gpu;
        self
    }

    /// Calls the other workers in for every group of two pages or more, for tests of what they do.
    #[doc(hidden)]
    #[must_use]
    pub fn without_patience(mut self) -> Self {
        self.options.hands.patience = Some(std::time::Duration::ZERO);
        self
    }

    /// Sets how many bytes of old pages snapshots may keep in memory, in whole chunks of 64 KiB. If not said: 6 MiB, or,
    /// once a commit was larger, eight times the pages that the largest one wrote to, counted whole, 256 MiB at most. Where
    /// commits need more, the oldest snapshots are read from the log.
    ///
    /// It should be several chunks, and room for the largest commit, for each thread that commits: one that replaces
    /// more than there can be room for waits for the end of a checkpoint under way.
    #[must_use]
    pub fn preimage_bytes(mut self, bytes: u64) -> Self {
        self.store.preimage_bytes = bytes;
        self.store.preimage_bytes_max = bytes;
        self
    }

    /// Sets how many bytes all pages together may take; 64 GiB if not said. A page counts in full, rounded up to its
    /// slot, though nobody has written to it; memory itself is taken only for what is written.
    ///
    /// What is beyond is refused with [`Error::OutOfMemory`], also when a bus is opened or a past state is read: a
    /// file of a few bytes may tell of terabytes of pages, all of one byte. For files of unknown origin it should be
    /// what the machine can spare.
    #[must_use]
    pub fn page_bytes_max(mut self, bytes: u64) -> Self {
        self.store.page_bytes_max = bytes;
        self
    }

    /// Sets when the bus makes a [checkpoint](Bus::checkpoint) by itself, beside the commits; every 256 MiB of log
    /// if not said. One that fails is traced and told by [`Bus::stats`]; the bus goes on without.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// use mmsb::CheckpointEvery;
    ///
    /// let often = CheckpointEvery { commits: Some(10_000), ..CheckpointEvery::default() };
    /// let bus = mmsb::Bus::builder().checkpoint_every(often).create(dir.path().join("run.mmsb"))?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn checkpoint_every(mut self, every: CheckpointEvery) -> Self {
        self.checkpoint_every = every;
        self
    }

    /// Makes a checkpoint on [`Bus::stop`] if more than so many bytes of log are behind the last one; 1 MiB if not
    /// said, never with `None`. Dropping the last handle makes none.
    #[must_use]
    pub fn checkpoint_on_stop(mut self, log_bytes: impl Into<Option<u64>>) -> Self {
        self.options.stop_bytes = log_bytes.into();
        self
    }

    /// Sets how much of the past the bus keeps on disk; everything if not said. What is more goes after each
    /// checkpoint, and on [`Bus::compact`], in whole segments of the log.
    #[must_use]
    pub fn retain(mut self, retention: Retention) -> Self {
        self.options.retention = retention;
        self
    }

    /// Lets the log tell the [hash](crate::state_hash) of a state every so many commits, and of the last one when the
    /// bus stops, so that [`verify_replay`](crate::verify_replay) can hold the log against what was in memory; off if
    /// not said, and with 0. A bus in memory tells none.
    ///
    /// # Cost
    /// 32 bytes a page. The commit that completes another `commits` hashes the pages changed since the last time
    /// and looks at the table's entry of every page; where names changed, at all names. Others go on meanwhile. Opening hashes all pages.
    #[must_use]
    pub fn state_hash_every(mut self, commits: u64) -> Self {
        self.state_hash_every = Some(commits).filter(|&commits| commits > 0);
        self
    }

    /// Calls `listener`, from the thread that opens the bus, about once a megabyte that it has read; a short log
    /// may be done before there is anything to tell.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("run.mmsb");
    /// # mmsb::Bus::create(&path)?.stop()?;
    /// let told = |progress: mmsb::OpenProgress| eprintln!("{:?}: {}", progress.stage, progress.done_bytes);
    /// let bus = mmsb::Bus::builder().on_progress(told).open(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(OpenProgress) + Send + Sync + 'static) -> Self {
        self.opening.listener = Some(Arc::new(listener));
        self
    }

    /// Sets how many threads apply the log when the bus opens, beside one that reads and verifies it, however short
    /// it is; if not said, or 0, as many as there are processors, and none for a short log. The state that comes of
    /// it is the same.
    #[must_use]
    pub fn recovery_threads(mut self, count: usize) -> Self {
        self.opening.crew = NonZeroUsize::new(count).map_or(Crew::Usual, Crew::Told);
        self
    }

    /// Fixes the instance id, so that equal runs make equal files; random if not said.
    #[must_use]
    pub fn instance_id(mut self, id: [u8; 16]) -> Self {
        self.instance = Some(InstanceId(id));
        self
    }

    /// Lets the log have no threads of its own: it is written when somebody waits or the ring is full. For tests
    /// that live through many short lives of a bus.
    #[doc(hidden)]
    #[must_use]
    pub fn without_threads(mut self) -> Self {
        self.log.background = false;
        self.opening.crew = Crew::Alone;
        self
    }

    /// Counts and times no commit, so that it can be measured what that costs; checkpoints are then made when asked
    /// for alone.
    #[doc(hidden)]
    #[must_use]
    pub fn without_stats(mut self) -> Self {
        self.options.has_stats = false;
        self
    }

    /// Starts the log's reservation word `frames` and `units` of 8 bytes before its overflows, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn near_overflow(mut self, frames: u32, units: u64) -> Self {
        self.log.packed_start = Some(PackedStart::before_overflow(frames, units));
        self
    }

    /// Creates a bus in the new directory `path`.
    ///
    /// # Errors
    /// As [`Bus::create`].
    pub fn create(self, path: impl AsRef<Path>) -> Result<Bus, Error> {
        self.on_system().create_on(Arc::new(OsVfs), path.as_ref())
    }

    /// Opens the bus at `path` for writing. A torn tail that a crash left is cut.
    ///
    /// # Errors
    /// [`Error::NotABus`], [`Error::Locked`], [`Error::Corrupt`], [`Error::Truncated`],
    /// [`Error::UnsupportedVersion`], [`Error::Io`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Bus, Error> {
        self.on_system().open_on(Arc::new(OsVfs), path.as_ref())
    }

    /// Opens the bus at `path` for reading; changes nothing, even beside a live writer. The state is that of
    /// the call.
    ///
    /// # Errors
    /// As [`Builder::open`], without [`Error::Locked`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<Bus, Error> {
        self.read_on(Arc::new(OsVfs), path.as_ref())
    }

    /// Creates a bus in memory, which keeps its newest history. Its commits never reach more than
    /// [`Durability::Volatile`], whatever they ask for.
    ///
    /// # Errors
    /// [`Error::Io`] if the flusher thread cannot be started.
    pub fn in_memory(mut self) -> Result<Bus, Error> {
        self.options.keep_bytes = Some(self.history_bytes);
        self.off_disk().create_on(Arc::new(MemoryVfs::new()), Path::new("bus"))
    }

    /// Creates a bus in memory that keeps no history at all: every frame is made, then dropped.
    ///
    /// # Errors
    /// As [`Builder::in_memory`].
    pub fn volatile(self) -> Result<Bus, Error> {
        self.off_disk().create_volatile(Arc::new(NullVfs::default()), Path::new("bus"))
    }

    /// Creates a bus at `path` of another file system.
    ///
    /// # Errors
    /// As [`Builder::create`].
    pub fn create_on(self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
        super::open::create(self, vfs, path, false)
    }

    /// Opens a bus at `path` of another file system.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub fn open_on(self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
        super::open::open(self, vfs, path)
    }

    /// Opens a bus at `path` of another file system for reading.
    ///
    /// # Errors
    /// As [`Builder::open_read_only`].
    pub fn read_on(self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
        super::open::open_read_only(self, vfs, path)
    }

    fn on_system(mut self) -> Self {
        self.log.prewrite = self.prewrite.unwrap_or(true);
        self
    }

    /// A log in memory is one file, given back from its beginning on, and never durable.
    fn off_disk(mut self) -> Self {
        (self.options.in_memory, self.checkpoint_every) = (true, CheckpointEvery::NEVER);
        self.state_hash_every = None;
        (self.log.segment_bytes, self.log.sync_every, self.log.prewrite) = (u64::MAX, None, false);
        self
    }

    fn create_volatile(self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
        super::open::create(self, vfs, path, true)
    }
}
