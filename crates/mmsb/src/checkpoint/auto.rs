//! Checkpoints that a bus makes by itself: when enough was logged since the last one, on a thread of its own.
//!
//! Committers count what they log in cells of their own, and nudge the thread now and then; it looks whether
//! enough came together. It is started with the first nudge.
//!
//! Invariant: a checkpoint that fails is traced and counted; no commit waits for it, or hears of it.

use std::{
    io,
    sync::{Arc, PoisonError, Weak},
};

use mmsb_tlog::Cursor;
use mmsb_types::env;

use crate::{
    bus::Inner,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        thread::JoinHandle,
    },
};

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

/// The thread that makes them, and how it is told to look.
#[derive(Debug)]
pub(crate) struct Auto {
    every: CheckpointEvery,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The thread was started, or must not be.
    started: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    call: Mutex<Call>,
    changed: Condvar,
}

/// What the thread is to do.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    look: bool,
    stop: bool,
}

/// By how much a committer's counts must be shifted so that a change of what is left asks for a nudge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NudgeShifts {
    pub(crate) bytes: u32,
    pub(crate) commits: u32,
}

impl Auto {
    pub(crate) fn new(every: CheckpointEvery) -> Self {
        let is_off = every == CheckpointEvery::NEVER;
        let (shared, thread) = (Arc::default(), Mutex::new(None));
        Self { every, shared, thread, started: AtomicBool::new(is_off) }
    }

    /// Returns how often a committer nudges.
    pub(crate) fn nudge_shifts(&self) -> NudgeShifts {
        let shift = |most: Option<u64>| most.map_or(NEVER, |most| (most / NUDGES).max(1).ilog2());
        NudgeShifts { bytes: shift(self.every.log_bytes), commits: shift(self.every.commits) }
    }

    /// Tells the thread to look whether a checkpoint is due; starts it, if it was not. Takes a mutex for a moment.
    pub(crate) fn nudge(&self, bus: &Arc<Inner>) {
        if !self.started.swap(true, Ordering::Relaxed)
            && let Err(error) = self.start(Arc::downgrade(bus))
        {
            tracing::error!(%error, "starting the thread that makes checkpoints");
            bus.checkpoints.count_failure();
        }
        self.shared.call().look = true;
        self.shared.changed.notify_one();
    }

    fn start(&self, bus: Weak<Inner>) -> io::Result<()> {
        let (shared, every) = (Arc::clone(&self.shared), self.every);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let work = move || Worker { bus, shared, every, failed: None }.run();
        *thread = Some(env::spawn("mmsb-checkpoint", work)?);
        Ok(())
    }

    /// Ends the thread, and waits for it. None is started any more.
    pub(crate) fn stop(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.shared.call().stop = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that makes checkpoints panicked");
        }
    }
}

impl Shared {
    fn call(&self) -> MutexGuard<'_, Call> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a nudge; false if the thread is to end.
    fn wait(&self) -> bool {
        let waiting = self.changed.wait_while(self.call(), |call| !call.look && !call.stop);
        let mut call = waiting.unwrap_or_else(PoisonError::into_inner);
        call.look = false;
        !call.stop
    }
}

/// What the thread has.
struct Worker {
    bus: Weak<Inner>,
    shared: Arc<Shared>,
    every: CheckpointEvery,
    /// Where the log ended when a checkpoint failed: the next try comes as much later as any checkpoint.
    failed: Option<Cursor>,
}

impl Worker {
    fn run(mut self) {
        while self.shared.wait() {
            let Some(bus) = self.bus.upgrade() else { return };
            self.look(&bus);
        }
    }

    fn look(&mut self, bus: &Inner) {
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
