//! Names of live pages, and the next id.
//!
//! Invariant: two live pages never share a name. Whoever changes names holds the catalogue's lock from the
//! check to the publication of the commit.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use mmsb_types::{PageEvent, PageId, limits::COMPACT_ID_MAX};

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

/// What becomes of whose name in one commit.
pub(crate) type NameChanges = BTreeMap<PageId, Option<Arc<str>>>;

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
    ///
    /// # Errors
    /// [`Error::IdsUsedUp`].
    pub(crate) fn take_id(&self) -> Result<PageId, Error> {
        let next = |id| (id <= COMPACT_ID_MAX).then_some(id + 1);
        let taken = self.next_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(PageId::new).map_err(|_| Error::IdsUsedUp { limit: COMPACT_ID_MAX })
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

    /// Checks that `events` leave no name with two pages, and returns what becomes of whose name; makes room.
    ///
    /// Only the names after the commit count: two pages may swap theirs.
    ///
    /// # Errors
    /// [`Error::NameTaken`].
    pub(crate) fn check(&mut self, events: &[PageEvent]) -> Result<NameChanges, Error> {
        let changes = name_changes(events);
        let mut given: HashMap<&str, PageId> = HashMap::new();
        for (&page, name) in &changes {
            let Some(name) = name.as_deref() else { continue };
            let keeps = self.page(name).filter(|holder| !changes.contains_key(holder));
            if let Some(holder) = keeps.or_else(|| given.insert(name, page)) {
                return Err(Error::NameTaken { name: name.to_owned(), page: holder });
            }
        }
        self.pages.reserve(changes.len());
        self.names.reserve(changes.len());
        Ok(changes)
    }

    /// Applies changes that were checked. Room for them is there: nothing is allocated.
    pub(crate) fn apply(&mut self, changes: NameChanges) {
        for page in changes.keys() {
            if let Some(old) = self.names.remove(page) {
                self.pages.remove(&old);
            }
        }
        for (page, name) in changes {
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

/// Returns the names that `events`, in their order, come to.
pub(crate) fn name_changes(events: &[PageEvent]) -> NameChanges {
    let mut changes = NameChanges::new();
    for event in events {
        let name = match event {
            PageEvent::Created { name, .. } | PageEvent::Named { name, .. } => name.as_deref().map(Arc::from),
            PageEvent::Deleted { .. } => None,
        };
        changes.insert(event.page(), name);
    }
    changes
}
