//! Why a replay into page memory ends, and at which commit.
//!
//! Invariant: of all that does not fit, the refusal of the earliest commit is told, whichever thread found it.

use mmsb_page::StoreError;
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, Lsn};

use crate::{Error, bus::store_error, kept::Kept};

/// A commit that was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    epoch: Epoch,
    lsn: Lsn,
    /// Which of the commit's events and patches, counted through; those that are of no page come last.
    item: usize,
    why: Why,
}

/// Why a commit is refused.
#[derive(Debug)]
pub(crate) enum Why {
    /// It does not fit what was before it.
    Misfit(String),
    /// The store takes no more.
    Store(StoreError),
}

impl Refusal {
    /// Refuses a commit for one of its events and patches.
    pub(super) fn of_item(commit: &Commit<'_>, item: usize, why: Why) -> Self {
        Self { epoch: commit.epoch, lsn: commit.lsn, item, why }
    }

    /// Refuses a commit for what it says beside its pages.
    pub(super) fn of_heading(commit: &Commit<'_>, what: String) -> Self {
        Self::of_item(commit, usize::MAX, Why::Misfit(what))
    }

    /// Returns the refusal that a replay by one thread would have come to first.
    pub(super) fn first(refusals: impl IntoIterator<Item = Self>) -> Option<Self> {
        refusals.into_iter().min_by_key(|refusal| (refusal.epoch, refusal.item))
    }

    /// Names the commit at which the replay ended.
    pub(super) fn explain(self, kept: &Kept) -> Error {
        self.why.explain(self.lsn, self.epoch, kept)
    }
}

impl Why {
    /// Names the commit that was refused.
    pub(crate) fn explain(self, lsn: Lsn, epoch: Epoch, kept: &Kept) -> Error {
        match self {
            Self::Misfit(what) => kept.misfit(lsn, epoch, what),
            Self::Store(error @ StoreError::OutOfMemory { .. }) => store_error(error),
            Self::Store(error) => kept.misfit(lsn, epoch, error.to_string()),
        }
    }
}

impl From<String> for Why {
    fn from(what: String) -> Self {
        Self::Misfit(what)
    }
}
