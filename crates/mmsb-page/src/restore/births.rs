//! Many births in one go, by one of several threads: counted together, for the store's sums are one line of memory that
//! each count takes away from the other threads.
//!
//! Invariant: what was born is in the sums before anything else can be done to it.

use mmsb_types::{Epoch, PageId};

use super::Restore;
use crate::{StoreError, stats::Born};

/// Pages being born. Dropped, they are counted.
pub struct Births<'r, 's> {
    restore: &'r Restore<'s>,
    born: Born,
}

impl<'s> Restore<'s> {
    /// Begins to bring pages to life; threads may do so side by side.
    #[must_use]
    pub fn births(&self) -> Births<'_, 's> {
        Births { restore: self, born: Born::default() }
    }
}

impl Births<'_, '_> {
    /// Gives birth to a page whose bytes `fill` makes of zeros.
    ///
    /// # Errors
    /// As [`PageStore::prepare`](crate::PageStore::prepare).
    ///
    /// # Panics
    /// If the page is another part's.
    pub fn birth(
        &mut self,
        page: PageId,
        page_bytes: u32,
        epoch: Epoch,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), StoreError> {
        assert!(self.restore.owns(page), "{page} is another part's");
        let new = self.restore.store.prepare(page, page_bytes)?;
        // SAFETY: the slot is the new page's alone, which is not published before `fill` is done (type invariant
        // of `NewPage`); nobody looks at the page that had the slot before, for the store is held alone (type).
        fill(unsafe { new.words().plain_mut(page_bytes as usize) });
        new.count(&mut self.born);
        new.appear(epoch);
        Ok(())
    }
}

impl std::fmt::Debug for Births<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Births of {:?}", self.restore)
    }
}

impl Drop for Births<'_, '_> {
    fn drop(&mut self) {
        self.restore.store.counts.add(&self.born);
    }
}
