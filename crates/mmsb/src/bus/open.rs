//! Creating and opening: plan first (scan the log, change nothing), then cut, replay and go on.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
};

use mmsb_page::PageStore;
use mmsb_tlog::{Cursor, InstanceId, Log, LogDir, Scan, SegmentHead, vfs::Vfs};

use super::{Builder, Inner, store_error};
use crate::{
    Bus, Error,
    catalogue::Catalogue,
    counters::Counters,
    interner::Interner,
    journal::{Journal, Mode},
    kept::Kept,
    lineage::Lineage,
    state::{PageBytes, State},
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
    assemble(builder, dir, mode, State::default())
}

pub(super) fn open(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let dir = LogDir::open(vfs, path)?;
    let lock = dir.lock()?;
    let scan = Scan::run(&dir)?;
    let state = replay(&dir, scan.end)?;
    let log = Log::open(&dir, lock, &scan, builder.log)?;
    assemble(builder, dir, Mode::Writer(log), state)
}

pub(super) fn open_read_only(builder: Builder, vfs: Arc<dyn Vfs>, path: &Path) -> Result<Bus, Error> {
    let dir = LogDir::open(vfs, path)?;
    let scan = Scan::run_beside_writer(&dir)?;
    let state = replay(&dir, scan.end)?;
    assemble(builder, dir, Mode::Reader(scan.end), state)
}

/// Replays the whole log; nothing is cut before every commit was found to fit.
fn replay(dir: &LogDir, end: Cursor) -> Result<State, Error> {
    check_birth(dir)?;
    let mut state = State::default();
    let kept = Kept::new(dir.clone());
    let mut reader = kept.reader(Cursor::first(dir), end.lsn)?;
    while let Some(commit) = reader.next_commit()? {
        state.apply(&commit).map_err(|what| kept.does_not_fit(&commit, what))?;
    }
    Ok(state)
}

/// Refuses a log that begins behind its birth: nothing tells the state before its first commit.
fn check_birth(dir: &LogDir) -> Result<(), Error> {
    if dir.segment() == SegmentHead::FIRST {
        return Ok(());
    }
    let what = "the log begins late, and no checkpoint holds the state before it".to_owned();
    Err(Error::Corrupt { file: dir.segment_path(), offset: 0, number: 0, what })
}

fn assemble(builder: Builder, dir: LogDir, mode: Mode, mut state: State) -> Result<Bus, Error> {
    let store = PageStore::with_options(builder.store);
    load(&store, &state)?;
    let options = builder.options;
    let (undo_depth, undo_bytes) = options.undo;
    let inner = Inner {
        store,
        catalogue: Catalogue::of_state(&state),
        journal: Journal::new(dir.anchored(), mode, options.keep_bytes),
        interner: Interner::of_texts(std::mem::take(&mut state.texts)),
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

fn load(store: &PageStore, state: &State) -> Result<(), Error> {
    for (page, from) in state.pages() {
        let mut birth = store.prepare(page, from.bytes.len() as u32).map_err(store_error)?;
        // A newborn page is zero; writing zeros would only take memory.
        if let PageBytes::Written(bytes) = &from.bytes {
            birth.write(0, bytes);
        }
        birth.publish(from.epoch);
    }
    Ok(())
}
