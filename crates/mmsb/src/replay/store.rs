//! Replaying into page memory: no map, no copy in between, and the next entries' memory already on its way.
//!
//! Invariant: the store belongs to the replay alone; nobody sees a page before all commits are in.

use mmsb_delta::{BatchView, Patch};
use mmsb_page::{PageStore, Restore, RestoreError, StoreError};
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, PageId};

use super::{Pages, missing};
use crate::{Error, bus::store_error, kept::Kept};

/// How many entries ahead the bytes they change are asked for.
const BYTES_AHEAD: usize = 16;
/// How many entries ahead of those the words of their pages are.
const PAGES_AHEAD: usize = 16;

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

    #[inline]
    fn patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), Refusal> {
        if patch.is_whole() {
            let page_bytes = self.restore.store().page_bytes(page).ok_or_else(|| missing(page))?;
            patch.fits(page_bytes).map_err(|misfit| format!("{page}: {misfit}"))?;
        }
        let done = match patch {
            Patch::Bytes { offset, bytes } => self.restore.write(page, offset, bytes, epoch),
            Patch::Page { bytes } => self.restore.write(page, 0, bytes, epoch),
            Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => {
                self.restore.fill(page, patch.span(), byte, epoch)
            }
        };
        done.map_err(|error| refused(page, patch, error))
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
        self.restore.store().page_bytes(page).is_some()
    }

    /// Dates rise, whatever a hostile log says.
    fn date(&mut self, page: PageId, epoch: Epoch) -> Result<(), Refusal> {
        let before = self.restore.store().epoch(page).ok_or_else(|| missing(page))?;
        if epoch < before {
            return Err(format!("{page} was changed at {before} already").into());
        }
        self.restore.page_mut(page, epoch).map(drop).map_err(|_| missing(page).into())
    }

    /// Three walks over the entries, one behind the other: the words of pages, then their bytes, then the
    /// patches. What is asked for so early has arrived when it is needed.
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Refusal> {
        let store = self.restore.store();
        let (mut far, mut near) = (batch.iter(), batch.iter());
        far.by_ref().take(BYTES_AHEAD + PAGES_AHEAD).for_each(|(page, _)| store.prefetch(page));
        near.by_ref().take(BYTES_AHEAD).for_each(|entry| prefetch_bytes(store, entry));
        for (page, patch) in batch.iter() {
            let store = self.restore.store();
            far.next().into_iter().for_each(|(page, _)| store.prefetch(page));
            near.next().into_iter().for_each(|entry| prefetch_bytes(store, entry));
            let epoch = if epoch == Epoch::ZERO { store.epoch(page).unwrap_or(epoch) } else { epoch };
            self.patch(page, patch, epoch)?;
        }
        Ok(())
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

/// Tells why a patch was refused in the words of every other replay.
#[cold]
fn refused(page: PageId, patch: Patch<'_>, error: RestoreError) -> Refusal {
    let misfit = match error {
        RestoreError::OutOfBounds { page_bytes, .. } => patch.fits(page_bytes).err(),
        _ => return Refusal::Misfit(missing(page)),
    };
    Refusal::Misfit(misfit.map_or_else(|| error.to_string(), |misfit| format!("{page}: {misfit}")))
}

#[inline]
fn prefetch_bytes(store: &PageStore, (page, patch): (PageId, Patch<'_>)) {
    let span = patch.span();
    store.prefetch_bytes(page, span.offset, span.len as usize);
}
