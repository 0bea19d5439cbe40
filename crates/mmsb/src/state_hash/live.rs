//! The hash of a bus that is written to: brought up to date by the commit that completes another N, while others
//! go on.
//!
//! 1. The newest epoch `s` is pinned, and every commit up to it awaited: they wait for nobody.
//! 2. The pages changed since the last hash are read through the pin and hashed.
//! 3. A state mark tells the hash of `s`, somewhere behind its frame.
//!
//! Hashing is the commit's own work, not a thread's: so it never falls behind, and a bus that one thread writes to
//! has its marks at the same places every time.
//!
//! Invariant: a hash is that of the pinned state exactly, or there is none: where old bytes were given up meanwhile,
//! what was known stays as it was, and the next hash takes both stretches together.

use std::{sync::PoisonError, time::Duration};

use mmsb_page::{Pin, SnapshotError};
use mmsb_types::{Epoch, PageId, env};

use super::{StateHash, StateHasher, Sum, page_element};
use crate::{
    bus::Inner,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        thread,
    },
};

/// How long commits under way are waited for.
const SETTLE_WAIT: Duration = Duration::from_secs(10);

/// What a bus that tells hashes knows.
#[derive(Debug)]
pub(crate) struct StateMarks {
    every: u64,
    /// The last state whose hash was told.
    marked: AtomicU64,
    /// Commits that ended a page's life; each is counted before it is published.
    death_count: AtomicU64,
    last: Mutex<Last>,
}

/// The state that was hashed last.
#[derive(Debug, Default)]
struct Last {
    hasher: StateHasher,
    epoch: Epoch,
    /// Deaths that were counted when it was pinned.
    death_count: u64,
}

impl StateMarks {
    /// Makes a mark every so many commits.
    pub(crate) fn new(every: u64, newest: Epoch) -> Self {
        let (marked, death_count) = (AtomicU64::new(newest.get()), AtomicU64::new(0));
        Self { every, marked, death_count, last: Mutex::default() }
    }

    /// Counts a commit that ends a page's life, and is not published yet.
    pub(crate) fn count_death(&self) {
        self.death_count.fetch_add(1, Ordering::Release);
    }

    fn is_due(&self, epoch: Epoch) -> bool {
        epoch.get() / self.every > self.marked.load(Ordering::Relaxed) / self.every
    }
}

impl Inner {
    /// Hashes all pages of a bus that was just opened.
    pub(crate) fn hash_opened(&self) {
        let Some(marks) = &self.state_marks else { return };
        self.hash_state(marks, &mut marks.last.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells the hash of the state if the commit `epoch` completes another N.
    #[inline]
    pub(crate) fn mark_state_behind(&self, epoch: Epoch) {
        if let Some(marks) = &self.state_marks
            && marks.is_due(epoch)
        {
            self.mark_state(marks);
        }
    }

    /// Tells the hash of the last state; no commit is under way.
    pub(crate) fn mark_last_state(&self) {
        if let Some(marks) = &self.state_marks
            && self.journal.newest().get() > marks.marked.load(Ordering::Relaxed)
        {
            self.try_mark(marks);
        }
    }

    #[cold]
    fn mark_state(&self, marks: &StateMarks) {
        // A bus ends only once nobody has a committer: nothing goes behind its closing mark.
        if self.check_stopped().is_err() {
            return;
        }
        let _committer = self.store.committers().acquire(SETTLE_WAIT);
        if _committer.is_some() && self.check_stopped().is_ok() {
            self.try_mark(marks);
        }
    }

    fn try_mark(&self, marks: &StateMarks) {
        // Whoever holds it tells a state as new as this one, nearly.
        let mut last = match marks.last.try_lock() {
            Ok(last) => last,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return,
        };
        let Some((epoch, hash)) = self.hash_state(marks, &mut last) else {
            return tracing::debug!("no hash: old bytes were given up, or a commit does not end");
        };
        // Poisoned: the next commit hears of it.
        if let Ok(log) = self.journal.log()
            && let Err(error) = log.append_state(epoch.get(), hash.0)
        {
            tracing::error!(%error, "writing the hash of a state");
        }
        marks.marked.fetch_max(epoch.get(), Ordering::Relaxed);
    }

    /// Hashes what changed since the last time; returns the state, and its hash.
    fn hash_state(&self, marks: &StateMarks, last: &mut Last) -> Option<(Epoch, StateHash)> {
        // A commit counted by now has a number that the pin's is not below.
        let death_count = marks.death_count.load(Ordering::Acquire);
        let pin = self.store.pin(|| self.journal.last());
        self.await_published(pin.epoch())?;
        let mut changes = Vec::new();
        for page in self.store.changed_since(last.epoch) {
            self.hash_page(page, &pin, last.epoch, &mut changes)?;
        }
        if marks.death_count.load(Ordering::Acquire) != last.death_count {
            // Pages that are gone altogether do not show among those that changed.
            let gone = last.hasher.pages.pages().filter(|&page| !self.store.contains(page));
            for page in gone {
                self.hash_page(page, &pin, last.epoch, &mut changes)?;
            }
        }
        let (names, graph) = (self.catalogue.as_of(pin.epoch())?, self.graph.as_of(pin.epoch()));
        changes.into_iter().for_each(|(page, hash)| last.hasher.pages.set(page, hash));
        (last.epoch, last.death_count) = (pin.epoch(), death_count);
        Some((pin.epoch(), last.hasher.finish(&names, &graph)))
    }

    /// Notes a page's hash if it changed later than `since`, or that it does not live; `None` if its old bytes were
    /// given up.
    fn hash_page(
        &self,
        page: PageId,
        pin: &Pin,
        since: Epoch,
        changes: &mut Vec<(PageId, Option<Sum>)>,
    ) -> Option<()> {
        match self.store.life_at(page, pin) {
            Ok((_, changed)) if changed <= since => return Some(()),
            Ok(_) => {}
            Err(SnapshotError::NotFound { .. }) => {
                changes.push((page, None));
                return Some(());
            }
            Err(_) => return None,
        }
        crate::bus::with_buffer(|buffer| {
            self.store.read_page_at(page, pin, buffer).ok()?;
            changes.push((page, Some(page_element(page, buffer))));
            Some(())
        })
    }

    fn await_published(&self, epoch: Epoch) -> Option<()> {
        let start = env::now();
        while self.journal.newest() < epoch {
            if start.elapsed() > SETTLE_WAIT {
                return None;
            }
            thread::yield_now();
        }
        Some(())
    }
}
