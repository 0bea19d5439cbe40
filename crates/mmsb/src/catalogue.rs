//! Names of live pages, and the next id.
//!
//! Invariant: two live pages never share a name. Whoever changes names holds the catalogue's lock from the
//! check to the publication of the commit.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use mmsb_types::{PageEvent, PageId};

use crate::{Error, state::State};

/// The catalogue of a live bus.
#[derive(Debug)]
pub(crate) struct Catalogue {
    names: RwLock<Names>,
    next_id: AtomicU64,
}

/// Names both ways.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pages: HashMap<Arc<str>, PageId>,
    names: HashMap<PageId, Arc<str>>,
}

impl Catalogue {
    /// Starts from a state that was read.
    pub(crate) fn of_state(state: &State) -> Self {
        let mut names = Names::default();
        for (page, state) in state.pages() {
            if let Some(name) = &state.name {
                names.insert(page, Arc::clone(name));
            }
        }
        let next_id = AtomicU64::new(state.next_id.max(PageId::FIRST.get()));
        Self { names: RwLock::new(names), next_id }
    }

    /// Takes an id that was never given out; it is not given out again, used or not.
    pub(crate) fn take_id(&self) -> PageId {
        PageId::new(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    pub(crate) fn page(&self, name: &str) -> Option<PageId> {
        self.pages.get(name).copied()
    }

    pub(crate) fn name(&self, page: PageId) -> Option<&Arc<str>> {
        self.names.get(&page)
    }

    /// Checks that `events`, applied in order, leave no name with two pages; makes room for them.
    pub(crate) fn check(&mut self, events: &[PageEvent]) -> Result<(), Error> {
        let mut given: HashMap<&str, Option<PageId>> = HashMap::new();
        let mut renamed: HashMap<PageId, Option<&str>> = HashMap::new();
        for event in events {
            let page = event.page();
            let old = renamed.get(&page).copied().unwrap_or(self.names.get(&page).map(AsRef::as_ref));
            let new = match event {
                PageEvent::Created { name: None, .. } => continue,
                PageEvent::Created { name, .. } | PageEvent::Named { name, .. } => name.as_deref(),
                PageEvent::Deleted { .. } => None,
            };
            old.map(|name| given.insert(name, None));
            if let Some(name) = new {
                let holder = given.get(name).copied().unwrap_or_else(|| self.pages.get(name).copied());
                if let Some(page) = holder.filter(|&holder| holder != page) {
                    return Err(Error::NameTaken { name: name.to_owned(), page });
                }
                given.insert(name, Some(page));
            }
            renamed.insert(page, new);
        }
        self.pages.reserve(events.len());
        self.names.reserve(events.len());
        Ok(())
    }

    /// Applies events that were checked. Room for them is there: nothing is allocated but their names.
    pub(crate) fn apply(&mut self, changes: impl Iterator<Item = (PageId, Option<Arc<str>>)>) {
        for (page, name) in changes {
            if let Some(old) = self.names.remove(&page) {
                self.pages.remove(&old);
            }
            if let Some(name) = name {
                self.insert(page, name);
            }
        }
    }

    fn insert(&mut self, page: PageId, name: Arc<str>) {
        self.pages.insert(Arc::clone(&name), page);
        self.names.insert(page, name);
    }
}

/// Returns the names that `events` give and take, owned, in their order.
pub(crate) fn name_changes(events: &[PageEvent]) -> Vec<(PageId, Option<Arc<str>>)> {
    let change = |event: &PageEvent| match event {
        PageEvent::Created { name: None, .. } => None,
        PageEvent::Created { page, name, .. } | PageEvent::Named { page, name } => {
            Some((*page, name.as_deref().map(Arc::from)))
        }
        PageEvent::Deleted { page } => Some((*page, None)),
    };
    events.iter().filter_map(change).collect()
}
