//! The bus's log as the past is read from it: a base state, and every commit behind it.
//!
//! Invariant: the base and the log behind it hold every state from the base's epoch on. On disk the base is
//! the empty bus; in memory it follows the newest commits, so that the log stays within its bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mmsb_tlog::{Commit, Cursor, Log, LogDir, LogStats, Reader};
use mmsb_types::{Durability, Epoch, Lsn};

use crate::{Error, state::State};

/// Where commits go and where the past comes from.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: LogDir,
    mode: Mode,
    base: Mutex<Base>,
    /// Bytes of log to keep; `None` for all.
    keep_bytes: Option<u64>,
}

/// How the log is open.
#[derive(Debug)]
pub(crate) enum Mode {
    /// For writing.
    Writer(Log),
    /// For writing, into nothing: no past can be read.
    Volatile(Log),
    /// For reading, up to the end that was found.
    Reader(Cursor),
}

/// The oldest state that is kept, and where the log goes on behind it.
#[derive(Clone, Debug)]
struct Base {
    state: State,
    cursor: Cursor,
}

/// States one after the other: a base, and the commits behind it.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) state: State,
    pub(crate) reader: Reader,
    dir: LogDir,
}

impl Journal {
    pub(crate) fn new(dir: LogDir, mode: Mode, keep_bytes: Option<u64>) -> Self {
        let base = Mutex::new(Base { state: State::default(), cursor: Cursor::first(&dir) });
        Self { dir, mode, base, keep_bytes }
    }

    pub(crate) fn dir(&self) -> &LogDir {
        &self.dir
    }

    /// Returns the log, if it takes commits.
    ///
    /// # Errors
    /// [`Error::ReadOnly`].
    pub(crate) fn log(&self) -> Result<&Log, Error> {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => Ok(log),
            Mode::Reader(_) => Err(Error::ReadOnly),
        }
    }

    /// Returns the newest epoch.
    pub(crate) fn newest(&self) -> Epoch {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => Epoch::new(log.published()),
            Mode::Reader(end) => Epoch::new(end.number),
        }
    }

    /// Returns what the log has done; for a reader, how far it was found to go.
    pub(crate) fn log_stats(&self) -> LogStats {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => log.stats(),
            Mode::Reader(end) => {
                let (published, log_bytes) = (end.number, end.lsn.get());
                LogStats { log_bytes, published, written: published, ..LogStats::default() }
            }
        }
    }

    /// Returns the oldest epoch that can be shown.
    pub(crate) fn oldest(&self) -> Epoch {
        self.lock_base().state.epoch
    }

    /// Starts a replay at the base; everything up to `newest` is written first.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn replay(&self, newest: Epoch) -> Result<Replay, Error> {
        let end = self.end(newest)?;
        // The base stays locked until the reader has its file: nothing is discarded under it.
        let base = self.lock_base();
        let reader = Reader::new(&self.dir, base.cursor, end)?;
        Ok(Replay { state: base.state.clone(), reader, dir: self.dir.clone() })
    }

    /// Gives up the oldest states of a log that is over its bytes. Called now and then by committers.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub(crate) fn trim(&self) -> Result<(), Error> {
        let (Some(keep), Ok(log)) = (self.keep_bytes, self.log()) else { return Ok(()) };
        let Ok(mut base) = self.base.try_lock() else { return Ok(()) };
        let end = log.written_end().lsn;
        if end.get() - base.cursor.lsn.get() <= keep {
            return Ok(());
        }
        // A quarter more than needed, so that trimming is rare.
        let target = Lsn::new(end.get() - keep / 4 * 3);
        let reader = Reader::new(&self.dir, base.cursor, target_end(&self.dir, base.cursor, target, end)?)?;
        let mut replay = Replay { state: std::mem::take(&mut base.state), reader, dir: self.dir.clone() };
        while replay.step()?.is_some() {}
        (base.state, base.cursor) = (replay.state, replay.reader.cursor());
        log.discard_before(base.cursor.lsn);
        Ok(())
    }

    fn end(&self, newest: Epoch) -> Result<Lsn, Error> {
        match &self.mode {
            Mode::Volatile(_) => Err(Error::NoHistory),
            Mode::Reader(end) => Ok(end.lsn),
            Mode::Writer(log) => {
                log.wait(newest.get(), Durability::Written)?;
                Ok(log.written_end().lsn)
            }
        }
    }

    fn lock_base(&self) -> MutexGuard<'_, Base> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first place between two records at or behind `target`.
fn target_end(dir: &LogDir, from: Cursor, target: Lsn, end: Lsn) -> Result<Lsn, Error> {
    let mut reader = Reader::new(dir, from, end)?;
    while reader.cursor().lsn < target && reader.next_commit()?.is_some() {}
    Ok(reader.cursor().lsn)
}

impl Replay {
    /// Applies the next commit; `None` at the end.
    pub(crate) fn step(&mut self) -> Result<Option<Commit<'_>>, Error> {
        let Some(commit) = self.reader.next_commit()? else { return Ok(None) };
        let refused = self.state.apply(&commit);
        refused.map_err(|what| does_not_fit(&self.dir, &commit, what))?;
        Ok(Some(commit))
    }

    /// The reader and whose log it reads, for those who do not need the state.
    pub(crate) fn parts(&mut self) -> (&mut Reader, &LogDir) {
        (&mut self.reader, &self.dir)
    }

    /// Goes on until `epoch`, or the end.
    pub(crate) fn run_to(&mut self, epoch: Epoch) -> Result<(), Error> {
        while self.state.epoch < epoch && self.step()?.is_some() {}
        Ok(())
    }
}

/// The error for a commit that is whole but does not fit the state before it.
pub(crate) fn does_not_fit(dir: &LogDir, commit: &Commit<'_>, what: String) -> Error {
    let offset = commit.lsn.get() - dir.segment().first_lsn.get();
    Error::Corrupt { file: dir.segment_path(), offset, number: commit.epoch.get(), what }
}
