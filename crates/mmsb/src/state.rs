//! A whole state outside the page store: what a stretch of log amounts to.
//!
//! Pages are shared between copies until one of them changes one, so a copy costs no page bytes.
//!
//! Invariant: after applying the commits 1..=e, a state is the bus as it was at epoch e.

mod bytes;
mod room;

use std::{collections::BTreeMap, fmt, sync::Arc};

use mmsb_delta::{BatchView, Patch};
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, PageId};

pub(crate) use self::{
    bytes::{PageBytes, resize},
    room::Room,
};
use crate::{
    PageInfo,
    replay::{Heading, Lifetimes, Pages, Why, missing},
};

/// All pages, names and texts as of one epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) head: Heading,
    pages: StatePages,
}

/// The pages of a state, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatePages(BTreeMap<PageId, StatePage>);

/// One page of a state.
#[derive(Clone)]
pub(crate) struct StatePage {
    pub(crate) bytes: PageBytes,
    pub(crate) epoch: Epoch,
}

impl State {
    /// Makes a state of what is known of it.
    pub(crate) fn of(head: Heading, pages: BTreeMap<PageId, StatePage>) -> Self {
        Self { head, pages: StatePages(pages) }
    }

    /// Takes the pages out of what is known beside.
    pub(crate) fn into_parts(self) -> (Heading, StatePages) {
        (self.head, self.pages)
    }

    /// Applies the commit after this state.
    ///
    /// # Errors
    /// Why not; the state is then of no use.
    pub(crate) fn apply(&mut self, commit: &Commit<'_>) -> Result<(), Why> {
        self.head.apply(commit, &mut self.pages)
    }

    pub(crate) fn page(&self, page: PageId) -> Option<&StatePage> {
        self.pages.0.get(&page)
    }

    pub(crate) fn named(&self, name: &str) -> Option<PageId> {
        self.head.names.page(name)
    }

    /// Returns the page's name, if it has one.
    pub(crate) fn name(&self, page: PageId) -> Option<&Arc<str>> {
        self.head.names.name(page)
    }

    /// Visits the pages by rising id.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (PageId, &StatePage)> {
        self.pages.0.iter().map(|(&page, state)| (page, state))
    }

    /// Visits what is known of the pages, by rising id.
    pub(crate) fn infos(&self) -> impl Iterator<Item = PageInfo> {
        self.pages().map(|(page, state)| self.describe(page, state))
    }

    /// Returns what is known of a page.
    pub(crate) fn info(&self, page: PageId) -> Option<PageInfo> {
        self.page(page).map(|state| self.describe(page, state))
    }

    fn describe(&self, page: PageId, state: &StatePage) -> PageInfo {
        let names = &self.head.names;
        PageInfo {
            page,
            page_bytes: state.bytes.len() as u32,
            name: names.name(page).cloned(),
            epoch: state.epoch,
            location: names.location(page),
        }
    }
}

impl StatePages {
    pub(crate) fn get(&self, page: PageId) -> Option<&StatePage> {
        self.0.get(&page)
    }

    /// Visits the pages by rising id.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (PageId, &StatePage)> {
        self.0.iter().map(|(&page, state)| (page, state))
    }
}

impl Lifetimes for StatePages {
    type Refusal = Why;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Why> {
        self.0.insert(page, StatePage::new(page_bytes, epoch));
        Ok(())
    }

    fn delete(&mut self, page: PageId, _: Epoch) -> Result<(), Why> {
        self.0.remove(&page).map(drop).ok_or_else(|| missing(page).into())
    }

    fn lives(&self, page: PageId) -> bool {
        self.0.contains_key(&page)
    }
}

impl Pages for StatePages {
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Why> {
        for (page, patch) in batch.iter() {
            self.0.get_mut(&page).ok_or_else(|| missing(page))?.apply_patch(page, patch, epoch)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StatePage {
    /// Without the bytes, of which there may be millions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.bytes.len(), self.epoch)
    }
}

impl StatePage {
    /// Returns a page of zeros.
    pub(crate) fn new(page_bytes: u32, epoch: Epoch) -> Self {
        Self { bytes: PageBytes::Zeros(page_bytes), epoch }
    }

    /// Applies a patch that the commit `epoch` made to this page.
    pub(crate) fn apply_patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), Why> {
        let bytes = self.bytes.to_mut().map_err(Why::Store)?;
        patch.apply(bytes).map_err(|misfit| format!("{page}: {misfit}"))?;
        self.epoch = epoch;
        Ok(())
    }
}
