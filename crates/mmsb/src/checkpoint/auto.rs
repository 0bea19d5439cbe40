//! Checkpoints that a bus makes by itself: when enough was logged since the last one, on a thread of its own.
//!
//! Committers count what they log in cells of their own, and nudge the thread now and then; it looks whether
//! enough came together. A second one keeps indexes up to the log, once somebody has asked for any.
//!
//! Invariant: a checkpoint that fails is traced and counted, an index is traced; no commit waits for it, or hears of it.

use std::{collections::BTreeSet, sync::Arc};

use mmsb_tlog::Cursor;

use super::{aside, nudged::Nudged};
use crate::{Error, bus::Inner};

/// Log that is read again in about a tenth of a second: what opening after a crash may take, and an increment
/// costs little beside it.
const LOG_BYTES: u64 = 256 << 20;
/// A bus that stops leaves at most so much log to be read by the next opening.
pub(crate) const STOP_BYTES: u64 = 1 << 20;
/// How often a committer nudges the thread while as much is logged as asks for a checkpoint.
const NUDGES: u64 = 64;
/// A shift that no count ever reaches.
const NEVER: u32 = 63;

/// When a bus makes a checkpoint by itself: as soon as one of these came together since the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointEvery {
    /// So many bytes of log.
    pub log_bytes: Option<u64>,
    /// So many commits.
    pub commits: Option<u64>,
}

impl CheckpointEvery {
    /// Only when asked to.
    pub const NEVER: Self = Self { log_bytes: None, commits: None };
}

impl Default for CheckpointEvery {
    /// Every 256 MiB of log.
    fn default() -> Self {
        Self { log_bytes: Some(LOG_BYTES), ..Self::NEVER }
    }
}

/// The threads that make them, and indexes.
#[derive(Debug)]
pub(crate) struct Auto {
    every: CheckpointEvery,
    checkpoints: Nudged,
    indexes: Nudged,
}

/// By how much a committer's counts must be shifted so that a change of what is left asks for a nudge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NudgeShifts {
    pub(crate) bytes: u32,
    pub(crate) commits: u32,
}

impl Auto {
    pub(crate) fn new(every: CheckpointEvery) -> Self {
        let nudged = |name| Nudged::new(name, every == CheckpointEvery::NEVER);
        Self { every, checkpoints: nudged("mmsb-checkpoint"), indexes: nudged("mmsb-index") }
    }

    /// Returns how often a committer nudges.
    pub(crate) fn nudge_shifts(&self) -> NudgeShifts {
        let shift = |most: Option<u64>| most.map_or(NEVER, |most| (most / NUDGES).max(1).ilog2());
        NudgeShifts { bytes: shift(self.every.log_bytes), commits: shift(self.every.commits) }
    }

    /// Tells the thread to look whether a checkpoint is due; starts it, if it was not. Takes a mutex for a moment.
    pub(crate) fn nudge(&self, bus: &Arc<Inner>) {
        let mut worker = Worker { every: self.every, failed: None };
        let nudged = self.checkpoints.nudge(bus, move || move |bus: &Arc<Inner>| worker.look(bus));
        if let Err(error) = nudged {
            tracing::error!(%error, "starting the thread that makes checkpoints");
            bus.checkpoints.count_failure();
        }
    }

    /// Tells the other thread to bring the indexes up to the log, if anybody has asked for any.
    fn nudge_indexes(&self, bus: &Arc<Inner>) {
        if !bus.journal.indexes().was_asked() {
            return;
        }
        if let Err(error) = self.indexes.nudge(bus, index_worker) {
            tracing::warn!(%error, "starting the thread that makes indexes");
        }
    }

    /// Ends the threads, and waits for them. None is started any more.
    pub(crate) fn stop(&self) {
        self.checkpoints.stop();
        self.indexes.stop();
    }
}

/// Begins to make indexes, on this thread: it should cost commits little, and can wait.
fn index_worker() -> impl FnMut(&Arc<Inner>) {
    aside::give_way();
    let mut seen = BTreeSet::new();
    move |bus| {
        let goes_on = || bus.check_stopped().is_ok();
        let Ok(log) = bus.journal.log() else { return };
        let written = log.written_end().lsn;
        match bus.journal.indexes().make_ahead(&mut seen, written, &goes_on) {
            Ok(()) | Err(Error::HistoryGone { .. }) => {}
            Err(error) => tracing::warn!(%error, "an index that the bus makes by itself"),
        }
    }
}

/// What the thread has that makes checkpoints.
struct Worker {
    every: CheckpointEvery,
    /// Where the log ended when a checkpoint failed: the next try comes as much later as any checkpoint.
    failed: Option<Cursor>,
}

impl Worker {
    fn look(&mut self, bus: &Arc<Inner>) {
        bus.auto.nudge_indexes(bus);
        let Ok(log) = bus.journal.log() else { return };
        let end = log.written_end();
        let last = bus.last_checkpoint();
        let last = self.failed.filter(|failed| failed.number > last.number).unwrap_or(last);
        let is_due = |most: Option<u64>, now: u64, then: u64| {
            most.is_some_and(|most| now.saturating_sub(then) >= most)
        };
        if !is_due(self.every.log_bytes, end.lsn.get(), last.lsn.get())
            && !is_due(self.every.commits, end.number, last.number)
        {
            return;
        }
        if let Err(error) = bus.checkpoint(super::NOBODY) {
            self.failed = Some(end);
            if !matches!(error, crate::Error::Stopped) {
                tracing::error!(%error, "a checkpoint that the bus made by itself");
                bus.checkpoints.count_failure();
            }
        }
    }
}

impl Inner {
    /// Returns where the newest checkpoint was made, or where the log begins.
    pub(super) fn last_checkpoint(&self) -> Cursor {
        let manifest = self.journal.dir().manifest();
        manifest.checkpoints.last().map_or(manifest.first_cursor(), |checkpoint| checkpoint.cursor)
    }
}
