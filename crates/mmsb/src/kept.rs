//! Where a log is and how far back it still reaches: what everyone who reads the past must know.
//!
//! A log in memory gives up its oldest commits while others may be reading them. One on disk gives up whole
//! files, but none that somebody in this process holds on to.
//!
//! Invariant: `oldest` is raised before bytes are given up, so a read that fails for that reason can tell; no
//! file goes that a [`Hold`] needs.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    sync::{Arc, PoisonError},
};

use mmsb_tlog::{Commit, Cursor, Fault, LogDir, LogError, Manifest, Reader};
use mmsb_types::{Epoch, Lsn};

use crate::{
    Error,
    replay::Why,
    sync::{
        Mutex, MutexGuard, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The log that is kept. Clones see the same one.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Read anew where a writer elsewhere gave up files.
    dir: Arc<RwLock<LogDir>>,
    oldest: Arc<AtomicU64>,
    holds: Arc<Holds>,
    /// What the pages of a state may take together.
    page_bytes_max: u64,
    /// It is this bus that writes the log: its own manifest is the newest, and the one that its log goes by.
    is_own: bool,
}

/// How often a writer may outrun who reads beside it.
const READS_MAX: u32 = 8;

/// Numbers from which on somebody reads the log, and how many do.
type Holds = Mutex<BTreeMap<u64, u64>>;

/// Keeps the files of one state, and the log behind it, as long as it lives.
#[derive(Debug)]
pub(crate) struct Hold {
    holds: Arc<Holds>,
    number: u64,
}

impl Kept {
    pub(crate) fn new(dir: LogDir) -> Self {
        Self {
            dir: Arc::new(RwLock::new(dir)),
            oldest: Arc::default(),
            holds: Arc::default(),
            page_bytes_max: u64::MAX,
            is_own: false,
        }
    }

    /// Makes it that of the bus that writes the log.
    pub(crate) fn of_writer(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// Sets what the pages of a state may take together, in bytes.
    pub(crate) fn within(self, page_bytes_max: u64) -> Self {
        Self { page_bytes_max, ..self }
    }

    /// Returns what the pages of a state may take together, in bytes.
    pub(crate) fn page_bytes_max(&self) -> u64 {
        self.page_bytes_max
    }

    pub(crate) fn dir(&self) -> LogDir {
        self.dir.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the path hold wherever the process goes. What opening finds wrong is told before, by the path that
    /// was given.
    pub(crate) fn anchor(&self) {
        let mut dir = self.dir.write().unwrap_or_else(PoisonError::into_inner);
        *dir = dir.clone().anchored();
    }

    /// Returns the oldest epoch from which on every state can still be shown.
    pub(crate) fn oldest(&self) -> Epoch {
        Epoch::new(self.oldest.load(Ordering::Acquire))
    }

    pub(crate) fn set_oldest(&self, epoch: Epoch) {
        self.oldest.store(epoch.get(), Ordering::Release);
    }

    /// Lets `choose` find a state to start from, and holds on to it; `None` if it finds none. No file that the
    /// manifest names goes in between.
    pub(crate) fn hold<T>(&self, choose: impl FnOnce(&Manifest) -> Option<(u64, T)>) -> Option<(Hold, T)> {
        let mut holds = lock(&self.holds);
        let (number, chosen) = choose(&self.dir().manifest())?;
        *holds.entry(number).or_default() += 1;
        Some((Hold { holds: Arc::clone(&self.holds), number }, chosen))
    }

    /// Calls `work` with the numbers that are held on to. Nobody takes hold meanwhile.
    pub(crate) fn with_holds<T>(&self, work: impl FnOnce(&[u64]) -> T) -> T {
        let holds = lock(&self.holds);
        work(&holds.keys().copied().collect::<Vec<_>>())
    }

    /// Returns which manifest it goes by.
    pub(crate) fn generation(&self) -> u64 {
        self.dir().manifest().generation
    }

    /// Reads beside a live writer; once more where that has given up meanwhile what was being read.
    pub(crate) fn beside_writer<T>(&self, mut read: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        for _ in 1..READS_MAX {
            let generation = self.generation();
            match read() {
                Err(error) if self.has_moved_on(generation) => tracing::debug!(%error, "reading again"),
                done => return done,
            }
        }
        read()
    }

    /// Goes by the newest manifest; `false` if that is the one of `generation`, or cannot be read.
    pub(crate) fn has_moved_on(&self, generation: u64) -> bool {
        if self.generation() == generation {
            self.reload();
        }
        self.generation() > generation
    }

    fn reload(&self) {
        if self.is_own {
            return;
        }
        if let Ok(newer) = self.dir().reopen() {
            self.set_oldest(self.oldest().max(Epoch::new(newer.manifest().oldest())));
            *self.dir.write().unwrap_or_else(PoisonError::into_inner) = newer;
        }
    }

    /// Reads from `start` to `end`.
    pub(crate) fn reader(&self, start: Cursor, end: Lsn) -> Result<Reader, Error> {
        Reader::new(&self.dir(), start, end).map_err(|error| self.failed(error, start.number))
    }

    /// Reads from `start` to `end` with the reader that there is, if it has the file open; else with a new one, which is
    /// then there.
    pub(crate) fn reader_again<'r>(
        &self,
        last: &'r mut Option<Reader>,
        start: Cursor,
        end: Lsn,
    ) -> Result<&'r mut Reader, Error> {
        // One that fails is not used again: it may have seen what a writer elsewhere has just replaced.
        let mut reader = last.take();
        let is_there = reader.as_mut().map_or(Ok(false), |reader| reader.go_to(start, end));
        let fit = reader.filter(|_| matches!(is_there, Ok(true)));
        Ok(last.insert(fit.map_or_else(|| self.reader(start, end), Ok)?))
    }

    /// Tells why what belongs to the state `number`, or comes behind it, could not be read: perhaps it was given
    /// up meanwhile, in memory or by a writer elsewhere.
    pub(crate) fn failed(&self, error: LogError, number: u64) -> Error {
        let is_gone = looks_gone(&error);
        if is_gone {
            self.reload();
        }
        let (asked, oldest) = (Epoch::new(number), self.oldest());
        match error {
            LogError::Io { .. } if asked < oldest => Error::HistoryGone { asked, oldest },
            _ if is_gone && asked < oldest => Error::HistoryGone { asked, oldest },
            error => error.into(),
        }
    }

    /// The error for a commit that is whole but is not applied to the state before it.
    pub(crate) fn does_not_fit(&self, commit: &Commit<'_>, why: impl Into<Why>) -> Error {
        why.into().explain(commit.lsn, commit.epoch, self)
    }

    /// The error for a commit at `lsn` that is whole but does not fit the state before it.
    pub(crate) fn misfit(&self, lsn: Lsn, epoch: Epoch, what: String) -> Error {
        let (file, offset) = self.dir().place_of(lsn);
        Error::Corrupt { file, offset, number: epoch.get(), what }
    }

    /// The error for what stands behind `before` and is not what should be there.
    pub(crate) fn corrupt(&self, before: Cursor, what: String) -> Error {
        let (file, offset) = self.dir().place_of(before.lsn);
        Error::Corrupt { file, offset, number: before.number + 1, what }
    }
}

impl Hold {
    /// Returns the number of the state that stays.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = lock(&self.holds);
        if let Some(count) = holds.get_mut(&self.number) {
            *count -= 1;
            if *count == 0 {
                holds.remove(&self.number);
            }
        }
    }
}

/// Tells whether a file, or a part of the log, is no longer there.
fn looks_gone(error: &LogError) -> bool {
    match error {
        LogError::HistoryGone { .. } | LogError::DamagedCheckpoint { fault: Fault::Missing, .. } => true,
        LogError::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

fn lock(holds: &Holds) -> MutexGuard<'_, BTreeMap<u64, u64>> {
    // Counts are changed in one step: a panic elsewhere left nothing half done.
    holds.lock().unwrap_or_else(PoisonError::into_inner)
}
