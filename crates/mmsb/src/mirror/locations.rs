//! Which pages a program wants on a device. Nobody else needs to know: it is no part of any state, and no log tells it.

use std::{collections::BTreeMap, sync::PoisonError};

use mmsb_types::{PageId, PageLocation};

use crate::sync::{Mutex, MutexGuard};

/// Where pages are wanted that are not wanted on the host alone.
#[derive(Debug, Default)]
pub(crate) struct Locations(Mutex<BTreeMap<PageId, PageLocation>>);

impl Locations {
    /// Returns where a page is wanted.
    pub(crate) fn of(&self, page: PageId) -> PageLocation {
        self.lock().get(&page).copied().unwrap_or_default()
    }

    /// Notes where a page is wanted.
    pub(crate) fn set(&self, page: PageId, location: PageLocation) {
        if location == PageLocation::Host {
            self.lock().remove(&page);
        } else {
            self.lock().insert(page, location);
        }
    }

    /// Counts the pages that are wanted at `location` and that `lives` says live.
    pub(crate) fn count(&self, location: PageLocation, lives: impl Fn(PageId) -> bool) -> u64 {
        let pages = self.lock();
        pages.iter().filter(|&(&page, &wanted)| wanted == location && lives(page)).count() as u64
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PageId, PageLocation>> {
        // Each change is one step: a panic elsewhere left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
