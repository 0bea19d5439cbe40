//! How far the log has got, and what has ended it.
//!
//! Invariant: `durable <= written <= published`, each rising only after the fact; the first failure ends the log
//! for good, and everyone who waits is told.

use std::sync::OnceLock;

use crossbeam_utils::CachePadded;
use mmsb_types::limits::COUNT_CREDITS;

use super::{SyncEvery, group::Group, ring::Ring};
use crate::{
    LogError, NUMBER_MAX,
    sync::{AtomicU64, Ordering},
};

/// How far the log has got; read by anyone, moved by the flush holder (`published`: by anyone).
///
/// Each word that committers and flusher both use has a cache line of its own: neither slows the other down
/// more than the word itself must.
#[derive(Debug)]
pub(crate) struct Progress {
    published: CachePadded<AtomicU64>,
    written: CachePadded<AtomicU64>,
    durable: AtomicU64,
    sync_count: AtomicU64,
    pub(crate) group: Group,
    poison: OnceLock<String>,
}

impl Progress {
    pub(crate) fn new(number: u64, durable: u64, every: Option<SyncEvery>) -> Self {
        let at = AtomicU64::new;
        Self {
            published: at(number).into(),
            written: at(number).into(),
            durable: at(durable),
            sync_count: at(0),
            group: Group::new(every),
            poison: OnceLock::new(),
        }
    }

    /// Moves `published` over every frame that is done, without a gap, and returns it.
    pub(crate) fn advance(&self, ring: &Ring) -> u64 {
        let before = self.published.load(Ordering::Acquire);
        let mut number = before;
        while ring.done(number + 1).is_some() {
            number += 1;
        }
        if number == before { before } else { number.max(self.published.fetch_max(number, Ordering::AcqRel)) }
    }

    /// Tells whether commits go on: the log is not poisoned, and numbers are left.
    #[inline]
    pub(crate) fn takes_more(&self) -> bool {
        self.poison.get().is_none() && self.has_numbers()
    }

    /// Tells whether numbers are left for all who may be about to take one.
    #[inline]
    pub(crate) fn has_numbers(&self) -> bool {
        self.recent() <= NUMBER_MAX - 2 * COUNT_CREDITS as u64
    }

    /// A recent number, for rebuilding others from.
    #[inline]
    pub(crate) fn recent(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn sync_count(&self) -> u64 {
        self.sync_count.load(Ordering::Relaxed)
    }

    /// Refuses everything from the first failure on.
    #[inline]
    pub(crate) fn check_poison(&self) -> Result<(), LogError> {
        match self.poison.get() {
            Some(cause) => Err(LogError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Moves `written`, for a write has returned.
    pub(crate) fn set_written(&self, number: u64) {
        self.written.store(number, Ordering::Release);
    }

    /// Moves `durable`, for a sync has returned.
    pub(crate) fn set_durable(&self, number: u64) {
        self.durable.fetch_max(number, Ordering::AcqRel);
    }

    pub(crate) fn count_sync(&self) {
        self.sync_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends the log, for `error` has happened; who waits is told.
    pub(crate) fn poison_by(&self, error: &LogError) {
        self.set_poison(&describe(error));
    }

    pub(crate) fn set_poison(&self, cause: &str) {
        if self.poison_alone(cause) {
            self.group.wake_all();
        }
    }

    /// Ends the log where nobody waits; tells whether it was whole until now.
    pub(crate) fn poison_alone(&self, cause: &str) -> bool {
        self.poison.set(cause.to_owned()).is_ok()
    }
}

/// The whole chain of causes in one line.
fn describe(error: &LogError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
