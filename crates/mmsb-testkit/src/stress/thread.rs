//! One thread of the stress: picks what to do next, and writes down what came of it.

use mmsb::{Bus, Durability, Epoch, Error, PageId, Transaction};

use super::{Deed, Pages};
use crate::{
    Rng,
    linear::{Action, Change, Lane, Record, Seen},
};

/// One thread, for one window.
pub(super) struct Worker<'a> {
    pub(super) bus: &'a Bus,
    pub(super) pages: &'a Pages,
    pub(super) lane: Lane<'a>,
    pub(super) rng: Rng,
    /// The epoch before the window: as far back as anyone goes.
    pub(super) oldest: Epoch,
}

/// A transaction and what will be written down of it.
pub(super) struct Attempt<'b> {
    pub(super) tx: Transaction<'b>,
    pub(super) began: u64,
    pub(super) reads: Vec<Seen>,
    pub(super) changes: Vec<Change>,
}

impl<'a> Worker<'a> {
    /// Does so many things; returns what was written down.
    pub(super) fn run(mut self, deeds: &[Deed], count: usize) -> Vec<Record> {
        for _ in 0..count {
            let deed = self.rng.pick(deeds);
            self.act(deed);
        }
        self.lane.into_records()
    }

    pub(super) fn begin(&mut self) -> Attempt<'a> {
        let (began, bus) = (self.lane.begin(), self.bus);
        let tx = bus.begin().durability(Durability::Volatile);
        Attempt { tx, began, reads: Vec::new(), changes: Vec::new() }
    }

    /// Commits, and writes that down; returns whether it was committed. A lost race leaves nothing.
    pub(super) fn commit(&mut self, attempt: Attempt<'a>) -> bool {
        let Attempt { tx, began, reads, changes } = attempt;
        match tx.commit() {
            Ok(committed) => {
                self.lane.end(began, Action::Commit { epoch: committed.epoch, reads, changes });
                true
            }
            Err(error) => {
                lost(error);
                false
            }
        }
    }

    /// Returns bytes for a write: a stamp that no other has, again and again.
    pub(super) fn stamp(&mut self, len: usize) -> Vec<u8> {
        let stamp = self.rng.any().to_le_bytes();
        stamp.iter().copied().cycle().take(len).collect()
    }

    /// Returns a place in a page, now and then all of it.
    pub(super) fn span(&mut self, page_bytes: usize) -> (usize, usize) {
        if self.rng.once_in(4) {
            return (0, page_bytes);
        }
        let offset = self.rng.below(page_bytes);
        (offset, 1 + self.rng.below((page_bytes - offset).min(48)))
    }
}

impl Attempt<'_> {
    /// Reads a whole page, if it is there, before anything is changed in it.
    pub(super) fn read(&mut self, page: PageId, page_bytes: usize) -> Result<(), Error> {
        let mut bytes = vec![0; page_bytes];
        self.tx.read(page, 0, &mut bytes)?;
        self.reads.push(Seen { page, epoch: None, offset: 0, bytes: Some(bytes) });
        Ok(())
    }

    pub(super) fn write(&mut self, page: PageId, offset: usize, bytes: Vec<u8>) -> Result<(), Error> {
        let offset = offset as u32;
        self.tx.write(page, offset, &bytes)?;
        self.changes.push(Change::Written { page, offset, bytes });
        Ok(())
    }
}

/// What a race may be answered with; anything else is a bug.
#[track_caller]
pub(super) fn lost(error: Error) {
    assert!(matches!(error, Error::Conflict { .. } | Error::PageNotFound { .. }), "{error:?}");
}
