//! Replaying into page memory: no map, no copy in between, and the next entries' memory already on its way.
//!
//! Invariant: the store belongs to the replay alone; nobody sees a page before all commits are in.

use mmsb_delta::{BatchView, Patch};
use mmsb_page::{Content, PageStore, Restore, RestoreError, Run, StoreError};
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, PageId};

use super::{Pages, missing};
use crate::{Error, bus::store_error, kept::Kept};

/// The pages of a store that is being filled.
#[derive(Debug)]
pub(super) struct StorePages<'s> {
    restore: Restore<'s>,
}

/// Why a replay into a store ends.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The commit does not fit what was before it.
    Misfit(String),
    /// The store takes no more.
    Store(StoreError),
}

impl<'s> StorePages<'s> {
    pub(super) fn new(store: &'s mut PageStore) -> Self {
        Self { restore: store.restore() }
    }
}

impl Pages for StorePages<'_> {
    type Refusal = Refusal;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Refusal> {
        self.restore.create(page, page_bytes, epoch).map_err(Refusal::Store)
    }

    fn delete(&mut self, page: PageId, epoch: Epoch) -> Result<(), Refusal> {
        self.restore.retire(page, epoch).map_err(|_| Refusal::Misfit(missing(page)))
    }

    fn lives(&self, page: PageId) -> bool {
        self.restore.store().contains(page)
    }

    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Refusal> {
        let written = self.restore.write_all(batch.iter().map(run), Some(epoch));
        written.map_err(|(index, error)| refused(batch, index, error))
    }
}

impl Refusal {
    /// Names the commit at which the replay ended.
    pub(super) fn explain(self, kept: &Kept, commit: &Commit<'_>) -> Error {
        match self {
            Self::Misfit(what) => kept.does_not_fit(commit, what),
            Self::Store(error @ StoreError::OutOfMemory { .. }) => store_error(error),
            Self::Store(error) => kept.does_not_fit(commit, error.to_string()),
        }
    }
}

impl From<String> for Refusal {
    fn from(what: String) -> Self {
        Self::Misfit(what)
    }
}

#[inline]
fn run((page, patch): (PageId, Patch<'_>)) -> Run<'_> {
    let (offset, content) = match patch {
        Patch::Bytes { offset, bytes } => (offset, Content::Bytes(bytes)),
        Patch::Page { bytes } => (0, Content::Bytes(bytes)),
        Patch::Fill { span, byte } => (span.offset, Content::Fill(span.len, byte)),
        Patch::PageFill { page_bytes, byte } => (0, Content::Fill(page_bytes, byte)),
    };
    Run { page, offset, content, is_whole: patch.is_whole() }
}

/// Tells why a patch was refused in the words of every other replay.
#[cold]
fn refused(batch: BatchView<'_>, index: usize, error: RestoreError) -> Refusal {
    let Some((page, patch)) = batch.iter().nth(index) else { return Refusal::Misfit(error.to_string()) };
    let misfit = match error {
        RestoreError::OutOfBounds { page_bytes, .. } => patch.fits(page_bytes).err(),
        _ => return Refusal::Misfit(missing(page)),
    };
    Refusal::Misfit(misfit.map_or_else(|| error.to_string(), |misfit| format!("{page}: {misfit}")))
}
