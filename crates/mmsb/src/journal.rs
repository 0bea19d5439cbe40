//! The bus's log as the past is read from it: a base state, and every commit behind it.
//!
//! Invariant: the base and the log behind it hold every state from the base's epoch on. On disk the base is
//! the empty bus; in memory it follows the newest commits, so that the log stays within its bytes.

mod list;
mod pages;

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use mmsb_tlog::{Commit, Cursor, Log, LogDir, LogStats, Reader};
use mmsb_types::{Durability, Epoch, Lsn, limits::RECORD_BYTES_MAX};

use crate::{Error, kept::Kept, state::State};

/// Where commits go and where the past comes from.
#[derive(Debug)]
pub(crate) struct Journal {
    kept: Kept,
    mode: Mode,
    base: Mutex<Base>,
    /// Bytes of log to keep; `None` for all.
    keep_bytes: Option<u64>,
    /// How often the log was read from its base.
    pass_count: AtomicU64,
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
    reader: Reader,
    kept: Kept,
}

impl Journal {
    /// Makes the journal of a log whose oldest state is `oldest`: the empty bus, or what its base frames tell.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub(crate) fn new(
        dir: LogDir,
        mode: Mode,
        keep_bytes: Option<u64>,
        oldest: Epoch,
    ) -> Result<Self, Error> {
        let base = Base { state: State::default(), cursor: Cursor::first(&dir) };
        let (base, pass_count) = (Mutex::new(base), AtomicU64::new(0));
        let mut journal = Self { kept: Kept::new(dir), mode, base, keep_bytes, pass_count };
        if oldest > Epoch::ZERO {
            let mut replay = journal.replay(oldest)?;
            replay.run_to(oldest)?;
            journal.base = Mutex::new(Base { cursor: replay.cursor(), state: replay.state });
            journal.kept.set_oldest(oldest);
        }
        Ok(journal)
    }

    pub(crate) fn dir(&self) -> &LogDir {
        self.kept.dir()
    }

    /// Returns the log, if it takes commits.
    ///
    /// # Errors
    /// [`Error::ReadOnly`].
    #[inline]
    pub(crate) fn log(&self) -> Result<&Log, Error> {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => Ok(log),
            Mode::Reader(_) => Err(Error::ReadOnly),
        }
    }

    /// Returns the longest record in force, in bytes.
    pub(crate) fn record_bytes_max(&self) -> u32 {
        self.log().map_or(RECORD_BYTES_MAX, Log::record_bytes_max)
    }

    /// Returns the newest epoch.
    pub(crate) fn newest(&self) -> Epoch {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => Epoch::new(log.published()),
            Mode::Reader(end) => Epoch::new(end.number),
        }
    }

    /// Returns the newest epoch that is reserved, published or not; every commit under way makes a later one
    /// or is part of the state.
    pub(crate) fn last(&self) -> Epoch {
        match &self.mode {
            Mode::Writer(log) | Mode::Volatile(log) => Epoch::new(log.last_number()),
            Mode::Reader(end) => Epoch::new(end.number),
        }
    }

    /// Returns the bytes of log that are kept in memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        if self.keep_bytes.is_none() {
            return 0;
        }
        self.log_stats().log_bytes.saturating_sub(self.lock_base().cursor.lsn.get())
    }

    /// Returns how often the log was read from its base.
    pub(crate) fn pass_count(&self) -> u64 {
        self.pass_count.load(Ordering::Relaxed)
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
        self.kept.oldest()
    }

    /// Starts a replay at the base; everything up to `newest` is written first.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn replay(&self, newest: Epoch) -> Result<Replay, Error> {
        let end = self.end(newest)?;
        let base = self.lock_base();
        let reader = Reader::new(self.kept.dir(), base.cursor, end)?;
        Ok(Replay { state: base.state.clone(), reader, kept: self.kept.clone() })
    }

    /// Gives up the oldest states of a log that is over its bytes. Called now and then by committers.
    ///
    /// # Errors
    /// As [`Journal::replay`]; the oldest states are then kept.
    pub(crate) fn trim(&self) -> Result<(), Error> {
        let (Some(keep), Ok(log)) = (self.keep_bytes, self.log()) else { return Ok(()) };
        let Ok(mut base) = self.base.try_lock() else { return Ok(()) };
        log.wait(log.published(), Durability::Written)?;
        let end = log.written_end().lsn;
        if end.get() - base.cursor.lsn.get() <= keep {
            return Ok(());
        }
        // A quarter more than needed, so that trimming is rare.
        let target = Lsn::new(end.get() - keep / 4 * 3);
        let reader = Reader::new(self.kept.dir(), base.cursor, end)?;
        let mut replay = Replay { state: std::mem::take(&mut base.state), reader, kept: self.kept.clone() };
        let stepped = replay.run_to_lsn(target);
        // However far it came: a commit that cannot be read leaves the state before it.
        (base.state, base.cursor) = (replay.state, replay.reader.cursor());
        // Told before the bytes go: who cannot read them any more finds out why.
        self.kept.set_oldest(base.state.head.epoch);
        log.discard_before(base.cursor.lsn);
        stepped
    }

    /// Returns where a pass over the log up to `newest` ends, and counts the pass.
    fn end(&self, newest: Epoch) -> Result<Lsn, Error> {
        self.pass_count.fetch_add(1, Ordering::Relaxed);
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

impl Replay {
    /// Applies the next commit; `None` at the end.
    pub(crate) fn step(&mut self) -> Result<Option<Commit<'_>>, Error> {
        let before = self.reader.cursor();
        let commit = self.reader.next_commit().map_err(|error| self.kept.failed(error, before))?;
        let Some(commit) = commit else { return Ok(None) };
        let refused = self.state.apply(&commit);
        refused.map_err(|what| self.kept.does_not_fit(&commit, what))?;
        Ok(Some(commit))
    }

    /// Reads the next commit without applying it, for those who do not need the state.
    pub(crate) fn skip(&mut self) -> Result<Option<Commit<'_>>, Error> {
        let before = self.reader.cursor();
        self.reader.next_commit().map_err(|error| self.kept.failed(error, before))
    }

    /// Returns the place behind the last commit that was read.
    pub(crate) fn cursor(&self) -> Cursor {
        self.reader.cursor()
    }

    /// Returns whose log this is.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Goes on until `epoch`, or the end.
    pub(crate) fn run_to(&mut self, epoch: Epoch) -> Result<(), Error> {
        while self.state.head.epoch < epoch && self.step()?.is_some() {}
        Ok(())
    }

    fn run_to_lsn(&mut self, target: Lsn) -> Result<(), Error> {
        while self.reader.cursor().lsn < target && self.step()?.is_some() {}
        Ok(())
    }
}
