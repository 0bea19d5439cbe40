//! What the threads of a schedule did, heard and saw, to be compared when all is over.
//!
//! Invariant: nobody takes a turn while he holds the book.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mmsb::{Durability, Epoch};

/// The numbers in the three pages.
pub(super) type State = [u64; 3];

#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    /// What there must be at each epoch.
    made: BTreeMap<u64, State>,
    /// Who saw what at which epoch.
    seen: Vec<(&'static str, u64, State)>,
    /// The newest epochs that were told to be durable, and to be in the files.
    synced: u64,
    written: u64,
    failures: Vec<String>,
}

impl Book {
    /// Notes what a commit made, and what it was told.
    pub(super) fn made(&self, (epoch, reached): (Epoch, Durability), state: State) {
        let (epoch, mut pages) = (epoch.get(), self.pages());
        pages.made.insert(epoch, state);
        if reached >= Durability::Written {
            pages.written = pages.written.max(epoch);
        }
        if reached == Durability::Synced {
            pages.synced = pages.synced.max(epoch);
        }
    }

    pub(super) fn saw(&self, who: &'static str, epoch: u64, state: State) {
        self.pages().seen.push((who, epoch, state));
    }

    pub(super) fn note(&self, done: Result<(), String>) {
        self.pages().failures.extend(done.err());
    }

    /// Returns what was made at an epoch, if its maker has told.
    pub(super) fn at(&self, epoch: u64) -> Option<State> {
        self.pages().made.get(&epoch).copied()
    }

    pub(super) fn newest(&self) -> u64 {
        self.pages().made.keys().next_back().copied().unwrap_or(0)
    }

    pub(super) fn synced(&self) -> u64 {
        self.pages().synced
    }

    pub(super) fn written(&self) -> u64 {
        self.pages().written
    }

    /// Compares what was seen with what was made.
    pub(super) fn judge(&self) -> Result<(), String> {
        let pages = self.pages();
        if let Some(failure) = pages.failures.first() {
            return Err(failure.clone());
        }
        for (who, epoch, state) in &pages.seen {
            let made = pages.made.get(epoch);
            if made != Some(state) {
                return Err(format!("{who} saw {state:?} at e{epoch}, where {made:?} was made"));
            }
        }
        Ok(())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
