//! A whole state outside the page store: what a stretch of log amounts to.
//!
//! Pages are shared between copies until one of them changes one, so a copy costs no page bytes.
//!
//! Invariant: after applying the commits 1..=e, a state is the bus as it was at epoch e.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mmsb_delta::{BatchView, Patch};
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, Label, PageEvent, PageId, PageLocation};

use crate::{
    PageInfo,
    info::{events, label, source},
    texts::Texts,
};

/// All pages, names and texts as of one epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) epoch: Epoch,
    pub(crate) label: Option<Label>,
    pub(crate) texts: Texts,
    /// The lowest id that was never given out.
    pub(crate) next_id: u64,
    pages: BTreeMap<PageId, StatePage>,
    names: HashMap<Arc<str>, PageId>,
}

/// One page of a state.
#[derive(Clone, Debug)]
pub(crate) struct StatePage {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) epoch: Epoch,
    pub(crate) location: PageLocation,
}

impl State {
    /// Applies the commit after this state.
    ///
    /// # Errors
    /// What does not fit, as a text; the state is then of no use.
    pub(crate) fn apply(&mut self, commit: &Commit<'_>) -> Result<(), String> {
        let sections = commit.frame.sections;
        source(sections, &mut self.texts)?;
        for event in events(sections)? {
            self.apply_event(&event, commit.epoch)?;
        }
        for_each_page(commit.frame.batch, |page, patches| self.apply_patches(page, patches, commit.epoch))?;
        self.label = label(sections)?;
        self.epoch = commit.epoch;
        Ok(())
    }

    pub(crate) fn page(&self, page: PageId) -> Option<&StatePage> {
        self.pages.get(&page)
    }

    pub(crate) fn named(&self, name: &str) -> Option<PageId> {
        self.names.get(name).copied()
    }

    /// Visits the pages by rising id.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (PageId, &StatePage)> {
        self.pages.iter().map(|(&page, state)| (page, state))
    }

    pub(crate) fn apply_event(&mut self, event: &PageEvent, epoch: Epoch) -> Result<(), String> {
        match event {
            PageEvent::Created { page, page_bytes, location, name } => {
                let page_state = StatePage::new(*page_bytes, *location, epoch);
                if self.pages.insert(*page, page_state).is_some() {
                    return Err(format!("{page} is created while it lives"));
                }
                self.next_id = self.next_id.max(page.get() + 1);
                name.as_ref().map_or(Ok(()), |name| self.set_name(*page, Some(name)))
            }
            PageEvent::Deleted { page } => {
                self.set_name(*page, None)?;
                self.pages.remove(page).map(drop).ok_or_else(|| missing(*page))
            }
            PageEvent::Named { page, name } => self.set_name(*page, name.as_deref()),
        }
    }

    fn set_name(&mut self, page: PageId, name: Option<&str>) -> Result<(), String> {
        let name: Option<Arc<str>> = name.map(Arc::from);
        let state = self.pages.get_mut(&page).ok_or_else(|| missing(page))?;
        if let Some(old) = std::mem::replace(&mut state.name, name.clone()) {
            self.names.remove(&old);
        }
        match name.map(|name| self.names.insert(name, page)) {
            Some(Some(other)) => Err(format!("{page} gets the name of {other}")),
            _ => Ok(()),
        }
    }

    fn apply_patches(&mut self, page: PageId, patches: &[Patch<'_>], epoch: Epoch) -> Result<(), String> {
        let state = self.pages.get_mut(&page).ok_or_else(|| missing(page))?;
        let bytes = Arc::make_mut(&mut state.bytes);
        for patch in patches {
            patch.apply(bytes).map_err(|misfit| format!("{page}: {misfit}"))?;
        }
        state.epoch = epoch;
        Ok(())
    }
}

impl StatePage {
    fn new(page_bytes: u32, location: PageLocation, epoch: Epoch) -> Self {
        Self { bytes: vec![0; page_bytes as usize].into(), name: None, epoch, location }
    }

    /// Returns what is known of the page.
    pub(crate) fn info(&self, page: PageId) -> PageInfo {
        PageInfo {
            page,
            page_bytes: self.bytes.len() as u32,
            name: self.name.clone(),
            epoch: self.epoch,
            location: self.location,
        }
    }
}

/// Visits the patches of a batch page by page, as they stand side by side.
///
/// # Errors
/// The first one of `visit`.
pub(crate) fn for_each_page<'a, E>(
    batch: BatchView<'a>,
    mut visit: impl FnMut(PageId, &[Patch<'a>]) -> Result<(), E>,
) -> Result<(), E> {
    let mut patches = Vec::new();
    let mut last = None;
    for (page, patch) in batch.iter() {
        if let Some(done) = last.filter(|&done| done != page) {
            visit(done, &patches)?;
            patches.clear();
        }
        last = Some(page);
        patches.push(patch);
    }
    last.map_or(Ok(()), |page| visit(page, &patches))
}

pub(crate) fn missing(page: PageId) -> String {
    format!("{page} does not exist")
}
