//! One version of the catalogue: names both ways, and where pages live.
//!
//! Invariant: a page has a note only if it is named or not in plain memory; every name leads to the page whose
//! note holds it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mmsb_types::{Epoch, PageEvent, PageId, PageLocation};

use crate::{Error, trie::Trie};

/// What a name costs beside its text, in bytes: two entries, their share of nodes, two counts.
const NAME_BYTES: u64 = 160;

/// The catalogue as of one epoch. A copy costs two pointers.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The commit that made this version.
    pub(crate) epoch: Epoch,
    /// The lowest id that no commit up to then gave to a page.
    pub(crate) next_id: PageId,
    pages: Trie<Arc<str>, PageId>,
    notes: Trie<PageId, Note>,
    name_count: u64,
    text_bytes: u64,
}

/// What is known of a page beside its bytes; pages that are like most have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) location: PageLocation,
}

/// What becomes of whose name in one commit.
pub(crate) type NameChanges = BTreeMap<PageId, Option<Arc<str>>>;

impl Names {
    pub(crate) fn new(epoch: Epoch, next_id: PageId) -> Self {
        Self { epoch, next_id, pages: Trie::default(), notes: Trie::default(), name_count: 0, text_bytes: 0 }
    }

    /// Returns the page with this name.
    pub(crate) fn page(&self, name: &str) -> Option<PageId> {
        self.pages.get(name).copied()
    }

    /// Returns the page's name, if it has one.
    pub(crate) fn name(&self, page: PageId) -> Option<&Arc<str>> {
        self.notes.get(&page).and_then(|note| note.name.as_ref())
    }

    /// Returns where the page's bytes live.
    pub(crate) fn location(&self, page: PageId) -> PageLocation {
        self.notes.get(&page).map_or(PageLocation::Host, |note| note.location)
    }

    /// Visits the named pages, in no order that means anything.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&str, PageId)) {
        self.pages.for_each(&mut |name, &page| visit(name, page));
    }

    /// Visits the pages that are named or not in plain memory, in no order that means anything.
    pub(crate) fn for_each_note(&self, mut visit: impl FnMut(PageId, &Note)) {
        self.notes.for_each(&mut |&page, note| visit(page, note));
    }

    /// Returns about how many bytes this version takes.
    pub(super) fn bytes(&self) -> u64 {
        self.name_count * NAME_BYTES + self.text_bytes
    }

    /// Checks that `events` leave no name with two pages, and returns what becomes of whose name.
    ///
    /// Only the names after the commit count: two pages may swap theirs.
    ///
    /// # Errors
    /// [`Error::NameTaken`].
    pub(crate) fn check(&self, events: &[PageEvent]) -> Result<NameChanges, Error> {
        let changes = name_changes(events);
        let mut given: HashMap<&str, PageId> = HashMap::new();
        for (&page, name) in &changes {
            let Some(name) = name.as_deref() else { continue };
            let keeps = self.page(name).filter(|holder| !changes.contains_key(holder));
            if let Some(holder) = keeps.or_else(|| given.insert(name, page)) {
                return Err(Error::NameTaken { name: name.to_owned(), page: holder });
            }
        }
        Ok(changes)
    }

    /// Applies events that were checked, and the names they come to.
    pub(crate) fn apply(&mut self, events: &[PageEvent], changes: NameChanges) {
        changes.keys().for_each(|&page| self.take_name(page));
        events.iter().for_each(|event| self.apply_event(event));
        for (page, name) in changes {
            if name.is_some() {
                self.set(page, name, self.location(page));
            }
        }
    }

    fn apply_event(&mut self, event: &PageEvent) {
        match *event {
            PageEvent::Created { page, location, .. } => {
                self.next_id = self.next_id.max(PageId::new(page.get() + 1));
                self.set(page, None, location);
            }
            PageEvent::Deleted { page } => self.notes.remove(&page),
            PageEvent::Named { .. } => {}
        }
    }

    /// Notes what is known of a page that has no name so far.
    pub(crate) fn set(&mut self, page: PageId, name: Option<Arc<str>>, location: PageLocation) {
        if let Some(name) = &name {
            self.name_count += 1;
            self.text_bytes += name.len() as u64;
            self.pages.insert(Arc::clone(name), page);
        }
        if name.is_some() || location != PageLocation::Host {
            self.notes.insert(page, Note { name, location });
        }
    }

    fn take_name(&mut self, page: PageId) {
        let Some(name) = self.name(page).cloned() else { return };
        self.name_count -= 1;
        self.text_bytes -= name.len() as u64;
        self.pages.remove(&*name);
        let location = self.location(page);
        self.notes.remove(&page);
        self.set(page, None, location);
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
