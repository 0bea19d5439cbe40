//! Creating and opening: plan first (scan the log, change nothing), then cut, replay and go on.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
};

use mmsb_page::PageStore;
use mmsb_tlog::{InstanceId, Log, LogDir, Scan, vfs::Vfs};

use super::{Builder, Inner};
use crate::{
    Bus, Error,
    catalogue::Catalogue,
    counters::Counters,
    interner::Interner,
    journal::{Journal, Mode},
    lineage::Lineage,
    replay::{self, Heading},
    undo::Undo,
};

impl Bus {
    /// Creates a bus in the new directory `path`.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if anything but an empty directory is there; [`Error::Io`].
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
    let dir = LogDir::create(vfs, path, instance)?;
    let log = Log::open(&dir, dir.lock()?, &Scan::empty(&dir), builder.log)?;
    let mode = if volatile { Mode::Volatile(log) } else { Mode::Writer(log) };
    let store = PageStore::with_options(builder.store);
    assemble(builder, dir, mode, store, Heading::default())
}

pub(super) fn open(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let dir = LogDir::open(vfs, path)?;
    let lock = dir.lock()?;
    let scan = Scan::run(&dir)?;
    let mut store = PageStore::with_options(builder.store);
    // Nothing is cut before every commit was found to fit.
    let heading = replay::into_store(&dir, scan.end, &mut store)?;
    let log = Log::open(&dir, lock, &scan, builder.log)?;
    assemble(builder, dir, Mode::Writer(log), store, heading)
}

pub(super) fn open_read_only(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let dir = LogDir::open(vfs, path)?;
    let scan = Scan::run_beside_writer(&dir)?;
    let mut store = PageStore::with_options(builder.store);
    let heading = replay::into_store(&dir, scan.end, &mut store)?;
    assemble(builder, dir, Mode::Reader(scan.end), store, heading)
}

fn assemble(
    builder: Builder,
    dir: LogDir,
    mode: Mode,
    store: PageStore,
    heading: Heading,
) -> Result<Bus, Error> {
    let options = builder.options;
    let (undo_depth, undo_bytes) = options.undo;
    let inner = Inner {
        store,
        catalogue: Catalogue::new(heading.names),
        journal: Journal::new(dir.anchored(), mode, options.keep_bytes, heading.base.oldest())?,
        interner: Interner::of_texts(heading.texts),
        undo: Undo::new(undo_depth, undo_bytes),
        options,
        stopped: AtomicBool::new(false),
        bulk_ticket: Mutex::new(()),
        counters: Counters::default(),
        lineage: Lineage::new(),
        untrimmed_bytes: AtomicU64::new(0),
    };
    Ok(Bus::new(inner))
}
