//! A whole state outside the page store: what a stretch of log amounts to.
//!
//! Pages are shared between copies until one of them changes one, so a copy costs no page bytes.
//!
//! Invariant: after applying the commits 1..=e, a state is the bus as it was at epoch e.

mod bytes;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use mmsb_delta::Patch;
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, Label, PageEvent, PageId, PageLocation, Source, limits::COMPACT_ID_MAX};

pub(crate) use self::bytes::PageBytes;
use crate::{
    PageInfo,
    catalogue::{NameChanges, name_changes},
    info::{events, label, source},
    texts::{SourceNumbers, Texts},
};

/// All pages, names and texts as of one epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) epoch: Epoch,
    pub(crate) label: Option<Label>,
    /// Who made the last commit.
    pub(crate) source: SourceNumbers,
    pub(crate) texts: Texts,
    /// The lowest id that was never given out.
    pub(crate) next_id: u64,
    pages: BTreeMap<PageId, StatePage>,
    names: HashMap<Arc<str>, PageId>,
}

/// One page of a state.
#[derive(Clone)]
pub(crate) struct StatePage {
    pub(crate) bytes: PageBytes,
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
        self.source = source(sections, &mut self.texts)?;
        let events = events(sections)?;
        events.iter().try_for_each(|event| self.apply_event(event, commit.epoch))?;
        self.give_names(name_changes(&events))?;
        for (page, patch) in commit.frame.batch.iter() {
            self.apply_patch(page, patch, commit.epoch)?;
        }
        self.label = label(sections)?;
        self.epoch = commit.epoch;
        Ok(())
    }

    /// Returns who made the last commit.
    pub(crate) fn source(&self) -> Source {
        self.texts.source(self.source)
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

    /// Applies an event but for the name it gives: names change all at once, so that pages may swap theirs.
    fn apply_event(&mut self, event: &PageEvent, epoch: Epoch) -> Result<(), String> {
        match event {
            PageEvent::Created { page, page_bytes, location, .. } => {
                if page.get() > COMPACT_ID_MAX {
                    return Err(format!("{page} is beyond page:{COMPACT_ID_MAX}, the last this build holds"));
                }
                let page_state = StatePage::new(*page_bytes, *location, epoch);
                if self.pages.insert(*page, page_state).is_some() {
                    return Err(format!("{page} is created while it lives"));
                }
                self.next_id = self.next_id.max(page.get() + 1);
            }
            PageEvent::Deleted { page } => {
                self.take_name(*page)?;
                self.pages.remove(page);
            }
            PageEvent::Named { page, .. } => self.take_name(*page)?,
        }
        Ok(())
    }

    fn take_name(&mut self, page: PageId) -> Result<(), String> {
        let state = self.pages.get_mut(&page).ok_or_else(|| missing(page))?;
        if let Some(old) = state.name.take() {
            self.names.remove(&old);
        }
        Ok(())
    }

    fn give_names(&mut self, changes: NameChanges) -> Result<(), String> {
        for (page, name) in changes {
            let Some(name) = name else { continue };
            if let Some(other) = self.names.insert(Arc::clone(&name), page) {
                return Err(format!("{page} gets the name of {other}"));
            }
            self.pages.get_mut(&page).ok_or_else(|| missing(page))?.name = Some(name);
        }
        Ok(())
    }

    fn apply_patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), String> {
        let state = self.pages.get_mut(&page).ok_or_else(|| missing(page))?;
        state.apply_patch(page, patch, epoch)
    }
}

impl fmt::Debug for StatePage {
    /// Without the bytes, of which there may be millions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}, name {:?}", self.bytes.len(), self.epoch, self.name)
    }
}

impl StatePage {
    pub(crate) fn new(page_bytes: u32, location: PageLocation, epoch: Epoch) -> Self {
        Self { bytes: PageBytes::Zeros(page_bytes), name: None, epoch, location }
    }

    /// Applies a patch that the commit `epoch` made to this page.
    pub(crate) fn apply_patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), String> {
        patch.apply(self.bytes.to_mut()).map_err(|misfit| format!("{page}: {misfit}"))?;
        self.epoch = epoch;
        Ok(())
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

/// The text for a page that a commit uses and that does not live.
pub(crate) fn missing(page: PageId) -> String {
    format!("{page} does not exist")
}
