//! One commit's change of the catalogue: checked and built before the point of no return, swapped in behind it.
//!
//! Invariant: from the reservation to the publication nothing here allocates, waits or fails.

use std::sync::{Arc, PoisonError};

use mmsb_page::Retired;
use mmsb_types::{Epoch, PageEvent, PageId};

use super::{Catalogue, Versions};
use crate::{Error, sync::MutexGuard};

/// The catalogue, held for one commit. Dropped unpublished, it leaves the catalogue as it was.
#[must_use = "a change that is not published changes nothing"]
pub(crate) struct CatalogueChange<'c> {
    catalogue: &'c Catalogue,
    next: Option<Box<Versions>>,
    /// The names that the commit's pages had before.
    old: Vec<(PageId, Option<Arc<str>>)>,
    /// What was replaced; it goes, and perhaps takes some time, before others may change the catalogue.
    retired: Option<Retired<Versions>>,
    _held: MutexGuard<'c, ()>,
}

impl Catalogue {
    /// Checks the events of a commit and makes the version after it; nobody else changes the catalogue until
    /// the answer is dropped.
    ///
    /// `is_pinned(from, until)` tells whether somebody looks, or may be about to look, at an epoch of
    /// `from..until`.
    ///
    /// # Errors
    /// [`Error::NameTaken`].
    ///
    /// # Cost
    /// About a microsecond a name, however many there are.
    pub(crate) fn change(
        &self,
        events: &[PageEvent],
        is_pinned: impl Fn(Epoch, Epoch) -> bool,
    ) -> Result<CatalogueChange<'_>, Error> {
        let held = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = self.versions.read(|versions| versions.next(is_pinned));
        let changes = next.newest.check(events)?;
        let old = changes.keys().map(|&page| (page, next.newest.name(page).cloned())).collect();
        next.newest.apply(events, changes);
        Ok(CatalogueChange { catalogue: self, next: Some(next), old, retired: None, _held: held })
    }
}

impl CatalogueChange<'_> {
    /// Returns the names that the commit's pages have before it.
    pub(crate) fn old(&self) -> &[(PageId, Option<Arc<str>>)] {
        &self.old
    }

    /// Hands out, once, the names that the commit's pages had before it.
    pub(crate) fn drain_old(&mut self, take: impl FnMut((PageId, Option<Arc<str>>))) {
        self.old.drain(..).for_each(take);
    }

    /// Lets everyone see the change as of `epoch`. Call it once the pages are published, and before the commit
    /// counts as published.
    pub(crate) fn publish(&mut self, epoch: Epoch) {
        if let Some(mut next) = self.next.take() {
            next.newest.epoch = epoch;
            self.retired = Some(self.catalogue.versions.replace(next));
        }
    }
}

impl Versions {
    /// Returns what comes after: the newest version as the base of the next, and of those before it the ones
    /// that are still needed.
    fn next(&self, is_pinned: impl Fn(Epoch, Epoch) -> bool) -> Box<Self> {
        let ends = self.older.iter().skip(1).chain([&self.newest]).map(|names| names.epoch);
        let pairs = self.older.iter().zip(ends);
        let needed = pairs.filter(|(names, end)| is_pinned(names.epoch, *end)).map(|(names, _)| names);
        let older = needed.chain([&self.newest]).cloned().collect();
        Box::new(Self { newest: self.newest.clone(), older })
    }
}
