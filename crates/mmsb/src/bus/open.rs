//! Creating and opening: the newest checkpoint that can be read, then the log behind it, in one pass that changes
//! nothing; then the cut, and on.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{Cursor, InstanceId, Log, LogDir, Pass, Scan, vfs::Vfs};

use super::{Builder, Inner};
use crate::{
    Bus, CheckpointEvery, Error,
    alive::Alive,
    catalogue::Catalogue,
    checkpoint::{self, Auto, Checkpoints, Loaded},
    counters::Counters,
    graph::GraphLock,
    interner::Interner,
    journal::{Journal, Mode},
    kept::Kept,
    lineage::Lineage,
    recovery::{OpenStage, Opening},
    replay,
    state_hash::StateMarks,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
    undo::Undo,
    wave::mark_all,
};

impl Bus {
    /// Creates a bus in the new directory `path`.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if anything but an empty directory is there; [`Error::Io`], behind which
    /// an empty bus may be there, if its directory has its name already: open it.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().create(path)
    }

    /// Opens the bus at `path` for writing. A torn tail that a crash left is cut.
    ///
    /// # Errors
    /// [`Error::NotABus`], [`Error::Locked`], [`Error::Corrupt`], [`Error::Truncated`],
    /// [`Error::UnsupportedVersion`], [`Error::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().open(path)
    }

    /// Opens the bus at `path` for reading; changes nothing, even beside a live writer.
    ///
    /// # Errors
    /// As [`Bus::open`], without [`Error::Locked`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().open_read_only(path)
    }

    /// Creates a bus in memory, which keeps the newest 64 MiB of its history.
    ///
    /// # Errors
    /// [`Error::Io`] if the flusher thread cannot be started.
    pub fn in_memory() -> Result<Self, Error> {
        Self::builder().in_memory()
    }
}

pub(super) fn create(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path, volatile: bool) -> Result<Bus, Error> {
    let instance = builder.instance.unwrap_or_else(InstanceId::random);
    let dir = LogDir::create(vfs, path, instance)?.anchored();
    let log = Log::open(&dir, dir.lock()?, &Scan::empty(&dir), builder.log)?;
    let mode = if volatile { Mode::Volatile(log) } else { Mode::Writer(log) };
    let kept = Kept::new(dir).within(builder.store.page_bytes_max);
    let loaded = Loaded::nothing(&kept, builder.store);
    Ok(assemble(builder, kept, mode, loaded))
}

pub(super) fn open(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let _span = tracing::info_span!("open", path = %path.display()).entered();
    let lock = LogDir::open(Arc::clone(&vfs), path)?.lock()?;
    // Once more: whoever had the lock may have changed the set of files.
    let dir = LogDir::open(vfs, path)?;
    let kept = Kept::new(dir.clone()).within(builder.store.page_bytes_max);
    let mut loaded = checkpoint::load_newest(&kept, builder.store, &builder.opening)?;
    // Nothing is cut before every commit was found to fit.
    let scan = replay(Pass::start(&dir, loaded.cursor)?, &kept, &mut loaded, &builder.opening)?;
    kept.anchor();
    let log = Log::open(&kept.dir(), lock, &scan, builder.log)?;
    Ok(assemble(builder, kept, Mode::Writer(log), loaded))
}

pub(super) fn open_read_only(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let _span = tracing::info_span!("open_read_only", path = %path.display()).entered();
    let kept = Kept::new(LogDir::open(vfs, path)?).within(builder.store.page_bytes_max);
    let (loaded, end) = kept.beside_writer(|| read_once(&builder, &kept))?;
    kept.anchor();
    Ok(assemble(builder, kept, Mode::Reader(end), loaded))
}

fn read_once(builder: &Builder, kept: &Kept) -> Result<(Loaded, Cursor), Error> {
    let mut loaded = checkpoint::load_newest(kept, builder.store, &builder.opening)?;
    let pass = Pass::start_beside_writer(&kept.dir(), loaded.cursor)?;
    let scan = replay(pass, kept, &mut loaded, &builder.opening)?;
    Ok((loaded, scan.end))
}

/// Brings what was loaded to the log's end.
fn replay(pass: Pass, kept: &Kept, loaded: &mut Loaded, opening: &Opening) -> Result<Scan, Error> {
    let _span = tracing::info_span!("recover", from = loaded.cursor.number).entered();
    let total_bytes = if opening.listener.is_some() { pass.bytes_at_most()? } else { 0 };
    let mut done_bytes = 0;
    let mut tell = |bytes| {
        done_bytes += bytes as u64;
        opening.tell(OpenStage::Log, done_bytes, total_bytes);
    };
    replay::go_on(pass, kept, &mut loaded.store, &mut loaded.heading, opening.crew, &mut tell)
}

fn assemble(builder: Builder, kept: Kept, mode: Mode, loaded: Loaded) -> Bus {
    let (options, heading) = (builder.options, loaded.heading);
    let ((undo_depth, undo_bytes), has_stats) = (options.undo, options.has_stats);
    let auto = match mode {
        Mode::Writer(_) => Auto::new(builder.checkpoint_every),
        Mode::Volatile(_) | Mode::Reader(_) => Auto::new(CheckpointEvery::NEVER),
    };
    let newest = heading.epoch;
    let state_marks = match mode {
        Mode::Writer(_) => builder.state_hash_every.map(|every| StateMarks::new(every, newest)),
        Mode::Volatile(_) | Mode::Reader(_) => None,
    };
    let bus = Bus::new(Inner {
        store: loaded.store,
        catalogue: Catalogue::new(heading.names),
        graph: GraphLock::new(heading.graph),
        journal: Journal::new(kept, mode, options.keep_bytes),
        interner: Interner::of_texts(heading.texts),
        undo: Undo::new(undo_depth, undo_bytes),
        options,
        checkpoints: Checkpoints::new(loaded.broken),
        counters: Counters::new(auto.nudge_shifts(), has_stats),
        auto,
        alive: Alive::default(),
        stats_base: Mutex::default(),
        stopped: AtomicBool::new(false),
        bulk_ticket: Mutex::new(()),
        lineage: Lineage::new(),
        untrimmed_bytes: AtomicU64::new(0),
        state_marks,
    });
    mark_all(bus.inner());
    bus.inner().hash_opened();
    bus
}
