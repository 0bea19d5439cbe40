//! What the threads of a schedule did, heard and saw, to be compared when all is over.
//!
//! Invariant: nobody takes a turn while he holds the book.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mmsb::{Durability, Epoch};

/// The numbers in the first three pages.
pub(super) type Moved = [u64; 3];
/// The numbers in all pages.
pub(super) type State = [u64; 4];

#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    /// What each commit made of the first three pages, having read them.
    made: BTreeMap<u64, Moved>,
    /// What each commit made of the last page, in which it writes without a look.
    marks: BTreeMap<u64, Mark>,
    /// Who saw what at which epoch.
    seen: Vec<(&'static str, u64, State)>,
    /// The newest epochs that were told of, to be in the files, and to be durable.
    newest: u64,
    written: u64,
    synced: u64,
    failures: Vec<String>,
}

/// What a commit made of the last page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Put(u64),
    /// What was there at another epoch.
    AsAt(u64),
}

impl Book {
    /// Notes what a commit made, and what it was told.
    pub(super) fn made(&self, told: (Epoch, Durability), moved: Moved) {
        let mut pages = self.pages();
        pages.made.insert(told.0.get(), moved);
        pages.heard(told);
    }

    /// Notes what a commit made of the last page, and what it was told.
    pub(super) fn marked(&self, told: (Epoch, Durability), mark: Mark) {
        let mut pages = self.pages();
        pages.marks.insert(told.0.get(), mark);
        pages.heard(told);
    }

    pub(super) fn saw(&self, who: &'static str, epoch: u64, state: State) {
        self.pages().seen.push((who, epoch, state));
    }

    pub(super) fn note(&self, done: Result<(), String>) {
        self.pages().failures.extend(done.err());
    }

    /// Returns what was made at an epoch, if its maker has told.
    pub(super) fn at(&self, epoch: u64) -> Option<Moved> {
        self.pages().made.get(&epoch).copied()
    }

    pub(super) fn newest(&self) -> u64 {
        self.pages().newest
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
        for &(who, epoch, state) in &pages.seen {
            let made = pages.state(epoch);
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

impl Pages {
    fn heard(&mut self, (epoch, reached): (Epoch, Durability)) {
        let epoch = epoch.get();
        self.newest = self.newest.max(epoch);
        if reached >= Durability::Written {
            self.written = self.written.max(epoch);
        }
        if reached == Durability::Synced {
            self.synced = self.synced.max(epoch);
        }
    }

    /// Returns what there must be at an epoch; every commit is known.
    fn state(&self, epoch: u64) -> Option<State> {
        let (_, &[first, second, count]) = self.made.range(..=epoch).next_back()?;
        Some([first, second, count, self.mark(epoch)])
    }

    fn mark(&self, epoch: u64) -> u64 {
        match self.marks.range(..=epoch).next_back() {
            None => 0,
            Some((_, &Mark::Put(number))) => number,
            Some((_, &Mark::AsAt(before))) => self.mark(before),
        }
    }
}
