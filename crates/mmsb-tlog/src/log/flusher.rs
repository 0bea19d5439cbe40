//! The flusher thread: writes what nobody waits for, every millisecond or whenever the ring fills.
//!
//! Invariant: while it is awake it looks every millisecond; asleep, it is woken by the next publication. A
//! wake-up lost to the race between the two costs at most `SLEEP_MAX`, and only a commit nobody waits for.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use crossbeam_utils::CachePadded;
use mmsb_types::env;

use super::{Shared, syncer::Syncer};
use crate::{
    LogError,
    sync::outer::{
        atomic::{AtomicBool, AtomicU8, Ordering},
        thread::{self, JoinHandle, Thread},
    },
};

const TICK: Duration = Duration::from_millis(1);
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// After so many idle sleeps in a row, a second, memory that one long frame needed is given back.
const SLEEPS_TO_SHRINK: u32 = 10;

/// The thread's handle, if the log has one.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    join: Option<JoinHandle<()>>,
}

/// At work: whoever comes now is seen before the next rest.
const AWAKE: u8 = 0;
/// Resting until the next millisecond.
const DOZING: u8 = 1;
/// Resting until somebody publishes.
const ASLEEP: u8 = 2;

/// How committers reach the thread.
///
/// Whether it rests is a word that changes twice per batch: looking at it costs a committer nothing, waking the
/// thread in every commit would cost as much as the commit.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    rest: CachePadded<AtomicU8>,
    stopping: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Flusher {
    pub(crate) fn start(shared: &Arc<Shared>) -> Result<Self, LogError> {
        let theirs = Arc::clone(shared);
        let spawned = env::spawn("mmsb-flusher", move || run(&theirs));
        let join = spawned.map_err(|source| LogError::Spawn { source })?;
        let _ = shared.waker.thread.set(join.thread().clone());
        Ok(Self { join: Some(join) })
    }

    /// Ends the thread and waits for it, and for the one that it has started.
    pub(crate) fn stop(&mut self, waker: &Waker) {
        waker.stopping.store(true, Ordering::Release);
        waker.wake();
        if let Some(join) = self.join.take() {
            // It panics only if a file system does; the flush lock is poisoned then, and so is the log.
            let _ = join.join();
        }
    }

    /// Forgets the thread: in a child process it does not exist.
    pub(crate) fn forget(&mut self) {
        self.join = None;
    }
}

impl Waker {
    /// Wakes the thread.
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Wakes the thread if it sleeps for long; a load and nothing else otherwise.
    #[inline]
    pub(crate) fn wake_if_asleep(&self) {
        if self.rest.load(Ordering::Relaxed) == ASLEEP {
            self.end_rest();
        }
    }

    /// Wakes the thread if it rests at all; a load and nothing else otherwise.
    #[inline]
    pub(crate) fn wake_if_resting(&self) {
        if self.rest.load(Ordering::Relaxed) != AWAKE {
            self.end_rest();
        }
    }

    #[cold]
    fn end_rest(&self) {
        if self.rest.swap(AWAKE, Ordering::AcqRel) != AWAKE {
            self.wake();
        }
    }
}

fn run(shared: &Arc<Shared>) {
    let (mut syncer, mut before, mut sleeps) = (Syncer::new(shared), shared.progress.written(), 0_u32);
    while !shared.waker.stopping.load(Ordering::Acquire) {
        // A failure has poisoned the log: every waiter and the next commit are told.
        let Ok(end) = shared.flush().and_then(|end| syncer.look().map(|()| end)) else { return };
        let idle = end == before;
        before = end;
        sleeps = if idle { sleeps.saturating_add(1) } else { 0 };
        if sleeps == SLEEPS_TO_SHRINK {
            shared.boxes.drop_long();
        }
        shared.waker.rest.store(if idle { ASLEEP } else { DOZING }, Ordering::SeqCst);
        if !idle || shared.progress.advance(&shared.ring) == end {
            thread::park_timeout(if idle { SLEEP_MAX } else { TICK });
        }
        shared.waker.rest.store(AWAKE, Ordering::Relaxed);
    }
}
