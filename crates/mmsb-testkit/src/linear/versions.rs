//! The model: every page's versions, by the epoch that made them.

use std::{collections::BTreeMap, sync::Arc};

use mmsb::{Epoch, PageId};

use super::Change;

/// A page from one epoch on, until its next version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) epoch: Epoch,
    /// `None`: the page is not there.
    pub(crate) bytes: Option<Arc<Vec<u8>>>,
    /// The same bytes as before, brought back: a page may be told to be of either epoch.
    pub(crate) same: bool,
}

/// All pages' versions from some epoch on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions {
    pages: BTreeMap<PageId, Vec<Version>>,
}

impl Versions {
    /// Returns a page's versions, oldest first.
    pub(crate) fn of(&self, page: PageId) -> &[Version] {
        self.pages.get(&page).map_or(&[], Vec::as_slice)
    }

    /// Returns a page's version as of `epoch`; `None` if it was not yet there.
    pub(crate) fn at(&self, page: PageId, epoch: Epoch) -> Option<&Version> {
        let versions = self.of(page);
        versions[..versions.partition_point(|version| version.epoch <= epoch)].last()
    }

    /// Returns a page's bytes as of `epoch`.
    pub(crate) fn bytes(&self, page: PageId, epoch: Epoch) -> Option<&Arc<Vec<u8>>> {
        self.at(page, epoch)?.bytes.as_ref()
    }

    /// Applies one change of the commit `epoch`, the newest; tells what is wrong with it.
    pub(crate) fn apply(&mut self, epoch: Epoch, change: &Change) -> Result<(), String> {
        let page = change.page();
        let old = self.bytes(page, epoch).cloned();
        let new = match (change, old) {
            (Change::Created { page_bytes, .. }, None) => Some(vec![0; *page_bytes]),
            (Change::Deleted(_), Some(_)) => None,
            (Change::Written { offset, bytes, .. }, Some(old)) => {
                let mut new = old.to_vec();
                let place = *offset as usize..*offset as usize + bytes.len();
                let target = new.get_mut(place).ok_or_else(|| format!("{page} is written past its end"))?;
                target.copy_from_slice(bytes);
                Some(new)
            }
            (Change::Created { .. }, Some(_)) => return Err(format!("{page} is created a second time")),
            (Change::Deleted(_) | Change::Written { .. }, None) => {
                return Err(format!("{page} is changed, and is not there"));
            }
        };
        self.push(page, Version { epoch, bytes: new.map(Arc::new), same: false });
        Ok(())
    }

    /// Brings the state of `to` back, as of `epoch`, the newest.
    pub(crate) fn rewind(&mut self, epoch: Epoch, to: Epoch) {
        let pages: Vec<PageId> = self.pages.keys().copied().collect();
        for page in pages {
            let changed = self.of(page).last().is_some_and(|newest| newest.epoch > to);
            let (old, now) = (self.bytes(page, to).cloned(), self.bytes(page, epoch).cloned());
            if changed && (old.is_some() || now.is_some()) {
                self.push(page, Version { epoch, same: old == now, bytes: old });
            }
        }
    }

    /// Visits the pages that `epoch` changed.
    pub(crate) fn changed_by(&self, epoch: Epoch) -> impl Iterator<Item = PageId> {
        let changed = move |versions: &[Version]| {
            versions.binary_search_by_key(&epoch, |version| version.epoch).is_ok_and(|at| !versions[at].same)
        };
        self.pages.iter().filter(move |(_, versions)| changed(versions)).map(|(&page, _)| page)
    }

    /// Forgets what no view from `oldest` on can show.
    pub(crate) fn forget_before(&mut self, oldest: Epoch) {
        for versions in self.pages.values_mut() {
            let shown = versions.partition_point(|version| version.epoch <= oldest);
            // What only repeats older bytes may be told to be of the older epoch.
            let told = versions[..shown].iter().rposition(|version| !version.same);
            versions.drain(..told.unwrap_or(0));
        }
        self.pages.retain(|_, versions| versions.len() > 1 || versions[0].bytes.is_some());
    }

    /// Visits the pages that are there as of `epoch`.
    pub(crate) fn living(&self, epoch: Epoch) -> impl Iterator<Item = (PageId, &Version)> {
        let at = move |&page: &PageId| Some((page, self.at(page, epoch)?));
        self.pages.keys().filter_map(at).filter(|(_, version)| version.bytes.is_some())
    }

    fn push(&mut self, page: PageId, version: Version) {
        let versions = self.pages.entry(page).or_default();
        match versions.last_mut() {
            Some(last) if last.epoch == version.epoch => *last = version,
            _ => versions.push(version),
        }
    }
}
