//! Where a pass over the log begins: a state that is kept, and the place behind it.
//!
//! On disk that is a checkpoint, or the empty bus of the log's birth; in memory, the oldest state kept. A
//! checkpoint that turns out to be damaged is no reason to fail as long as an older state leads there, too.
//!
//! Invariant: what a pass reads stays as long as it lives.

use std::collections::BTreeMap;

use mmsb_tlog::{CheckpointRef, Commit, Cursor, Manifest, Reader, SegmentHead};
use mmsb_types::{Epoch, Lsn, PageId};

use super::Journal;
use crate::{
    Error,
    checkpoint::{Attempts, Chain},
    kept::{Hold, Kept},
    replay::{Heading, Why},
    state::{State, StatePage},
};

/// A state that is kept.
pub(crate) enum Origin {
    /// In memory, or empty.
    State(State),
    /// On disk.
    Checkpoint(Box<Chain>),
}

/// Commits of the log, one after the other, from the one behind a kept state on.
#[derive(Debug)]
pub(crate) struct Pass {
    /// `None` where the log does not lead on from the state.
    reader: Option<Reader>,
    start: Cursor,
    kept: Kept,
    _hold: Option<Hold>,
}

/// A kept state that leads to what was asked.
struct Candidate {
    /// Its checkpoint, and those that one builds on, oldest first; none at the log's birth.
    chain: Vec<CheckpointRef>,
    start: Cursor,
    /// The log leads on from there.
    leads_on: bool,
}

impl Journal {
    /// Lets `load` read the nearest state that is kept at or before `epoch`, or an older one should that be
    /// damaged; returns what it read, and the commits behind that state. Those up to `epoch` are written first.
    ///
    /// # Errors
    /// [`Error::HistoryGone`], [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Corrupt`], [`Error::Io`].
    pub(crate) fn nearest<T>(
        &self,
        epoch: Epoch,
        load: impl FnMut(Origin) -> Result<T, Error>,
    ) -> Result<(T, Pass), Error> {
        self.nearest_until(epoch, self.end(epoch)?, load)
    }

    /// Lets `load` read the oldest state from which on the log tells all others. Commits up to `newest` are
    /// written first.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    pub(crate) fn oldest_start<T>(
        &self,
        newest: Epoch,
        load: impl FnMut(Origin) -> Result<T, Error>,
    ) -> Result<(T, Pass), Error> {
        self.nearest_until(self.oldest(), self.end(newest)?, load)
    }

    /// As [`Journal::nearest`]; the commits go on up to `newest`.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    pub(crate) fn nearest_to<T>(
        &self,
        epoch: Epoch,
        newest: Epoch,
        load: impl FnMut(Origin) -> Result<T, Error>,
    ) -> Result<(T, Pass), Error> {
        self.nearest_until(epoch, self.end(newest)?, load)
    }

    /// Lets `load` read the nearest state that is kept at or before `epoch`, and nothing of the log behind it.
    ///
    /// # Errors
    /// As [`Journal::nearest`].
    pub(crate) fn kept_at<T>(
        &self,
        epoch: Epoch,
        load: impl FnMut(Origin) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.nearest_until(epoch, self.written_place(epoch)?.lsn, load).map(|(loaded, _)| loaded)
    }

    fn nearest_until<T>(
        &self,
        epoch: Epoch,
        end: Lsn,
        mut load: impl FnMut(Origin) -> Result<T, Error>,
    ) -> Result<(T, Pass), Error> {
        if self.keep_bytes.is_some() {
            let (origin, pass) = self.start_in_memory(end)?;
            let oldest = origin.heading().epoch;
            return if epoch < oldest {
                Err(Error::HistoryGone { asked: epoch, oldest })
            } else {
                Ok((load(origin)?, pass))
            };
        }
        let (mut attempts, mut damage) = (Attempts::default(), None);
        loop {
            let found = self.kept.hold(|manifest| candidate(manifest, epoch.get(), &attempts));
            let Some((hold, candidate)) = found else {
                let gone = || Error::HistoryGone { asked: epoch, oldest: self.oldest() };
                return Err(damage.unwrap_or_else(gone));
            };
            let (number, generation) = (hold.number(), self.generation());
            match Origin::open(&self.kept, &candidate).and_then(&mut load) {
                Ok(loaded) => return Ok((loaded, Pass::new(&self.kept, hold, &candidate, end)?)),
                // A writer beside a reader gave up what was being read; there may be something nearer now.
                Err(_) if self.generation() != generation => attempts = Attempts::default(),
                Err(error) if number == 0 || !error.is_of_storage() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, number, "a checkpoint cannot be read: an older state will do");
                    attempts.failed(&self.kept.dir(), &candidate.chain, &error);
                    damage.get_or_insert(error);
                }
            }
        }
    }

    fn generation(&self) -> u64 {
        self.kept.generation()
    }

    fn start_in_memory(&self, end: Lsn) -> Result<(Origin, Pass), Error> {
        let base = self.lock_base();
        let pass = Pass::unheld(&self.kept, base.cursor, end)?;
        Ok((Origin::State(base.state.clone()), pass))
    }
}

/// Finds the newest kept state that leads to `wanted` and may be whole.
fn candidate(manifest: &Manifest, wanted: u64, attempts: &Attempts) -> Option<(u64, Candidate)> {
    let end = manifest.checkpoints.partition_point(|checkpoint| checkpoint.epoch() <= wanted);
    let leading = manifest.checkpoints[..end].iter().rev().find_map(|checkpoint| {
        let (epoch, resumed) = (checkpoint.epoch(), manifest.resume_at(checkpoint.cursor));
        let start = resumed.or_else(|| (epoch == wanted).then_some(checkpoint.cursor))?;
        if !attempts.may_be_whole(manifest, checkpoint) {
            return None;
        }
        let chain = manifest.chain(epoch);
        Some((epoch, Candidate { chain, start, leads_on: resumed.is_some() }))
    });
    let birth = || {
        let start = manifest.first_cursor();
        let candidate = Candidate { chain: Vec::new(), start, leads_on: true };
        (manifest.segments[0] == SegmentHead::FIRST).then_some((0, candidate))
    };
    leading.or_else(birth)
}

impl Origin {
    fn open(kept: &Kept, candidate: &Candidate) -> Result<Self, Error> {
        if candidate.chain.is_empty() {
            return Ok(Self::State(State::default()));
        }
        Chain::open(kept, &candidate.chain).map(|chain| Self::Checkpoint(Box::new(chain)))
    }

    /// Returns what is known of the state beside its pages.
    pub(crate) fn heading(&self) -> &Heading {
        match self {
            Self::State(state) => &state.head,
            Self::Checkpoint(chain) => chain.heading(),
        }
    }

    /// Returns the whole state.
    pub(crate) fn into_state(self) -> Result<State, Error> {
        match self {
            Self::State(state) => Ok(state),
            Self::Checkpoint(chain) => chain.into_state(),
        }
    }

    /// Returns some pages, those of `wanted` that live.
    pub(crate) fn pages(&self, wanted: &[PageId]) -> Result<BTreeMap<PageId, StatePage>, Error> {
        match self {
            Self::State(state) => {
                Ok(wanted.iter().filter_map(|&page| Some((page, state.page(page)?.clone()))).collect())
            }
            Self::Checkpoint(chain) => chain.pages(wanted),
        }
    }

    /// Returns length, in bytes, and last change of every page.
    pub(crate) fn lives(self) -> Result<BTreeMap<PageId, (u32, Epoch)>, Error> {
        let life = |page: &StatePage| (page.bytes.len() as u32, page.epoch);
        match self {
            Self::State(state) => Ok(state.pages().map(|(page, state)| (page, life(state))).collect()),
            Self::Checkpoint(chain) => chain.into_lives(),
        }
    }
}

impl Pass {
    fn new(kept: &Kept, hold: Hold, candidate: &Candidate, end: Lsn) -> Result<Self, Error> {
        let start = candidate.start;
        let reader = candidate.leads_on.then(|| kept.reader(start, end)).transpose()?;
        Ok(Self { reader, start, kept: kept.clone(), _hold: Some(hold) })
    }

    /// Begins at `start`, and holds on to nothing.
    pub(super) fn unheld(kept: &Kept, start: Cursor, end: Lsn) -> Result<Self, Error> {
        let reader = Some(kept.reader(start, end)?);
        Ok(Self { reader, start, kept: kept.clone(), _hold: None })
    }

    /// Applies the next commit to the state before it; false at the end.
    pub(crate) fn step(&mut self, state: &mut State) -> Result<bool, Error> {
        self.visit(|commit| state.apply(commit)).map(|applied| applied.is_some())
    }

    /// Lets `look` read the next commit, and say why it is not applied; `None` at the end.
    pub(crate) fn visit<T>(
        &mut self,
        look: impl FnOnce(&Commit<'_>) -> Result<T, Why>,
    ) -> Result<Option<T>, Error> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let number = reader.cursor().number;
        let commit = reader.next_commit().map_err(|error| self.kept.failed(error, number))?;
        let Some(commit) = commit else { return Ok(None) };
        look(&commit).map(Some).map_err(|why| self.kept.does_not_fit(&commit, why))
    }

    /// Returns the place behind the last commit that was read.
    pub(crate) fn cursor(&self) -> Cursor {
        self.reader.as_ref().map_or(self.start, Reader::cursor)
    }
}
