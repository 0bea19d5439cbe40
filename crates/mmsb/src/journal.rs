//! The bus's log as the past is read from it: states that are kept, and every commit behind them.
//!
//! Invariant: a kept state and the log behind it hold every state from its epoch on. On disk the kept states are
//! checkpoints, and the empty bus where the log reaches back to it; in memory there is one, which follows the
//! newest commits, so that the log stays within its bytes.

mod list;
mod pages;
mod start;

use std::sync::{Arc, PoisonError};

use mmsb_tlog::{Cursor, Cut, Log, LogDir, LogStats, Manifest};
use mmsb_types::{Durability, Epoch, Label, Lsn, limits::RECORD_BYTES_MAX};

pub(crate) use self::start::{Origin, Pass};
use crate::{
    Error,
    index::{Extent, Indexes},
    info,
    kept::Kept,
    replay::Heading,
    state::{Room, State},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    texts::SourceNumbers,
};

/// How often a pass over a log is tried that gives up its oldest commits meanwhile.
const READS_MAX: u32 = 8;

/// Where commits go and where the past comes from.
#[derive(Debug)]
pub(crate) struct Journal {
    kept: Kept,
    mode: Mode,
    /// In memory, the oldest state that is kept.
    base: Mutex<Base>,
    /// Bytes of log to keep in memory; `None` on disk.
    keep_bytes: Option<u64>,
    /// How often the log was read from a kept state on.
    pass_count: AtomicU64,
    indexes: Arc<Indexes>,
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

impl Journal {
    /// Makes the journal of a log that is open.
    pub(crate) fn new(kept: Kept, mode: Mode, keep_bytes: Option<u64>) -> Self {
        let kept = if matches!(mode, Mode::Reader(_)) { kept } else { kept.of_writer() };
        let manifest = kept.dir().manifest();
        kept.set_oldest(Epoch::new(manifest.oldest()));
        let base = Mutex::new(Base { state: State::default(), cursor: manifest.first_cursor() });
        let writes_indexes = matches!(mode, Mode::Writer(_)) && keep_bytes.is_none();
        let indexes = Arc::new(Indexes::new(kept.clone(), writes_indexes));
        Self { kept, mode, base, keep_bytes, pass_count: AtomicU64::new(0), indexes }
    }

    /// Returns what finds commits without reading the whole log.
    pub(crate) fn indexes(&self) -> &Arc<Indexes> {
        &self.indexes
    }

    /// Returns what there is of the log up to `newest`, which is written first.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn extent(&self, newest: Epoch) -> Result<Extent, Error> {
        let (end, newest) = (self.written_place(newest)?.lsn, newest.get());
        if self.keep_bytes.is_some() {
            let start = self.lock_base().cursor;
            return Ok(Extent { start, end, oldest: start.number, newest, _hold: None });
        }
        let oldest = |manifest: &Manifest| Some((manifest.oldest(), manifest.first_cursor()));
        let (hold, start) = self.kept.hold(oldest).ok_or(Error::NoHistory)?;
        let oldest = hold.number();
        Ok(Extent { start, end, oldest, newest, _hold: Some(Arc::new(hold)) })
    }

    /// Returns where the log is, and how far back it reaches.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    pub(crate) fn dir(&self) -> LogDir {
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

    /// Returns the whole state at `epoch`, which must not lie ahead, and the place behind its commit.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    ///
    /// # Cost
    /// Reads the nearest kept state, and the log from there to `epoch`; memory of all pages.
    pub(crate) fn state_at(&self, epoch: Epoch) -> Result<(State, Cursor), Error> {
        retry_where_gone(epoch, || {
            let (mut state, mut pass) = self.nearest(epoch, Origin::into_state)?;
            let mut room = Room::of(self.kept.page_bytes_max());
            state.pages().try_for_each(|(_, page)| room.take(page.bytes.len() as u32))?;
            while state.head.epoch < epoch && room.step(&mut pass, &mut state)? {}
            Ok((state, pass.cursor()))
        })
    }

    /// Returns label and source of the commit `epoch`, which must be published.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    ///
    /// # Cost
    /// Reads the log from the nearest kept state to `epoch`, but nothing of pages.
    pub(crate) fn maker_of(&self, epoch: Epoch) -> Result<(Option<Label>, SourceNumbers), Error> {
        retry_where_gone(epoch, || {
            let load = |origin: Origin| Ok(origin.heading().clone());
            let (Heading { epoch: mut at, mut label, mut source, mut texts, .. }, mut pass) =
                self.nearest(epoch, load)?;
            while at < epoch {
                let read = pass.visit(|commit| {
                    let sections = commit.frame.sections;
                    Ok((commit.epoch, info::label(sections)?, info::source(sections, &mut texts)?))
                });
                let Some(read) = read? else { break };
                (at, label, source) = read;
            }
            Ok((label, source))
        })
    }

    /// Returns label and source of the newest commit of a cut, which must be durable or held.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    ///
    /// # Cost
    /// Reads that commit; one that this bus has not written itself, as [`Journal::maker_of`].
    pub(crate) fn maker_at(&self, cut: &Cut) -> Result<(Option<Label>, SourceNumbers), Error> {
        let epoch = Epoch::new(cut.behind.number);
        let Some(before) = cut.before else { return self.maker_of(epoch) };
        let mut pass = Pass::unheld(&self.kept, before, cut.behind.lsn)?;
        let read = pass.visit(|commit| {
            let sections = commit.frame.sections;
            Ok((info::label(sections)?, info::source_numbers(sections)?))
        })?;
        read.map_or_else(|| self.maker_of(epoch), Ok)
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
        let mut pass = Pass::unheld(&self.kept, base.cursor, end)?;
        let mut stepped = Ok(true);
        while pass.cursor().lsn < target && matches!(stepped, Ok(true)) {
            stepped = pass.step(&mut base.state);
        }
        // However far it came: a commit that cannot be read leaves the state before it.
        base.cursor = pass.cursor();
        // Told before the bytes go: who cannot read them any more finds out why.
        self.kept.set_oldest(base.state.head.epoch);
        log.discard_before(base.cursor.lsn);
        stepped.map(drop)
    }

    /// Returns where a pass over the log up to `newest` ends, and counts the pass.
    fn end(&self, newest: Epoch) -> Result<Lsn, Error> {
        self.pass_count.fetch_add(1, Ordering::Relaxed);
        self.written_place(newest).map(|end| end.lsn)
    }

    /// Returns the end of what is written: `newest`, which is published, and what is before it at least.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn written_place(&self, newest: Epoch) -> Result<Cursor, Error> {
        if let Mode::Writer(log) = &self.mode {
            log.wait(newest.get(), Durability::Written)?;
        }
        self.written_end()
    }

    /// Returns the end of what the system has of the log; waits for nobody.
    ///
    /// # Errors
    /// [`Error::NoHistory`].
    pub(crate) fn written_end(&self) -> Result<Cursor, Error> {
        match &self.mode {
            Mode::Volatile(_) => Err(Error::NoHistory),
            Mode::Reader(end) => Ok(*end),
            Mode::Writer(log) => Ok(log.written_end()),
        }
    }

    fn lock_base(&self) -> MutexGuard<'_, Base> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the state at `epoch` again where the log gave up another one that was read on the way, in memory or by a
/// writer elsewhere: what was asked may still be there.
pub(crate) fn retry_where_gone<T>(
    epoch: Epoch,
    mut read: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 1..READS_MAX {
        match read() {
            Err(Error::HistoryGone { asked, .. }) if asked != epoch => {}
            done => return done,
        }
    }
    read()
}
