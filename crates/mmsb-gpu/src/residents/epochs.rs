//! How far the device is: what was applied, submitted, and is done.

use std::collections::VecDeque;

use mmsb_types::{Epoch, PageId};

use super::Residents;
use crate::{GpuError, PageOps};

/// How far a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// What the host has told of it.
    pub host: Epoch,
    /// What was sent to the device.
    pub submitted: Epoch,
    /// What the device is known to have done; none until its first bytes are there.
    pub completed: Option<Epoch>,
}

/// Which submission made which epoch.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pending: VecDeque<(Epoch, u64)>,
    completed: Epoch,
    /// The last submission known to be done.
    done: u64,
}

impl Journal {
    /// Notes that with this submission the device is at `epoch`.
    pub fn push(&mut self, epoch: Epoch, submission: u64) {
        // What one submission does is done at once: its last epoch tells.
        match self.pending.back_mut() {
            Some(last) if last.1 == submission => last.0 = epoch,
            _ => self.pending.push_back((epoch, submission)),
        }
    }

    /// Notes that all submissions up to this one are done.
    fn complete(&mut self, submission: u64) {
        self.done = submission;
        while let Some((epoch, _)) = self.pending.front().filter(|next| next.1 <= submission) {
            self.completed = *epoch;
            self.pending.pop_front();
        }
    }
}

impl<O: PageOps> Residents<O> {
    /// Returns the epoch of the last commit that was applied.
    pub const fn applied(&self) -> Epoch {
        self.applied
    }

    /// Returns the last epoch that the device is known to have reached, without waiting for it.
    ///
    /// # Errors
    /// What the device says.
    pub fn completed(&mut self) -> Result<Epoch, GpuError> {
        self.alive()?;
        let submission = self.ops.completed();
        let submission = self.hear(submission)?;
        self.journal.complete(submission);
        Ok(self.journal.completed)
    }

    /// Waits until everything that was applied is done on the device; returns the epoch it is at.
    ///
    /// # Errors
    /// What the device says.
    pub fn wait(&mut self) -> Result<Epoch, GpuError> {
        self.alive()?;
        let waited = self.ops.wait();
        self.hear(waited)?;
        self.completed()
    }

    /// Returns how far a page is that the device has, as the last call of [`Residents::completed`] or
    /// [`Residents::wait`] learned.
    pub fn epochs(&self, page: PageId) -> Option<Epochs> {
        let resident = self.table.get(page).filter(|page| page.handle.is_some())?;
        let host = self.applied.max(resident.since);
        let submitted = if resident.is_behind { resident.since } else { host };
        let is_there = resident.submission <= self.journal.done;
        let completed = is_there.then(|| self.journal.completed.max(resident.since).min(submitted));
        Some(Epochs { host, submitted, completed })
    }
}
