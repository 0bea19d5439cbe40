//! The table: pages that are known, and the order in which they go.
//!
//! Invariant: a page is in the order exactly if it is on the device, not pinned and not ahead of the host. What is
//! held are the pages with a handle.

use std::collections::{BTreeMap, HashMap};

use mmsb_types::{Epoch, IdHash, PageId};

use crate::{PageHandle, PageState};

/// A page that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    pub handle: Option<PageHandle>,
    pub page_bytes: u32,
    /// What its bytes are as of, were no commit applied since.
    pub since: Epoch,
    /// The submission that wrote them.
    pub submission: u64,
    pub is_pinned: bool,
    pub is_behind: bool,
    pub is_ahead: bool,
    /// Its place in the order.
    used: u64,
}

/// Pages by id.
#[derive(Debug, Default)]
pub(super) struct Table {
    pages: HashMap<PageId, Resident, IdHash>,
    /// Those that may go, the one that was not used for longest first.
    order: BTreeMap<u64, PageId>,
    uses: u64,
    held: Held,
}

/// What a device has of the pages of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Pages that it has, whatever their state.
    pub page_count: u64,
    /// Their lengths together, in bytes.
    pub page_bytes: u64,
}

impl Resident {
    /// A page of which the device has nothing.
    pub const fn absent(page_bytes: u32, is_pinned: bool) -> Self {
        let (since, is_behind, is_ahead) = (Epoch::ZERO, false, false);
        Self { handle: None, page_bytes, since, submission: 0, is_pinned, is_behind, is_ahead, used: 0 }
    }

    pub const fn state(&self) -> PageState {
        match (self.handle, self.is_ahead, self.is_behind) {
            (None, _, _) => PageState::Absent,
            (_, true, _) => PageState::Ahead,
            (_, _, true) => PageState::Behind,
            _ => PageState::Clean,
        }
    }

    /// Tells whether the host has something that the device has not.
    pub const fn is_wanting(&self) -> bool {
        self.handle.is_none() || self.is_behind
    }

    const fn may_go(&self) -> bool {
        self.handle.is_some() && !self.is_pinned && !self.is_ahead
    }
}

impl Held {
    fn add(&mut self, page: &Resident) {
        let count = u64::from(page.handle.is_some());
        self.page_count += count;
        self.page_bytes += count * u64::from(page.page_bytes);
    }

    fn take(&mut self, page: &Resident) {
        let count = u64::from(page.handle.is_some());
        self.page_count -= count;
        self.page_bytes -= count * u64::from(page.page_bytes);
    }
}

impl Table {
    #[inline]
    pub fn get(&self, page: PageId) -> Option<&Resident> {
        self.pages.get(&page)
    }

    pub fn held(&self) -> Held {
        self.held
    }

    /// Returns the pages by rising id.
    pub fn iter(&self) -> impl Iterator<Item = (PageId, &Resident)> {
        let mut pages: Vec<_> = self.pages.iter().map(|(page, resident)| (*page, resident)).collect();
        pages.sort_unstable_by_key(|page| page.0);
        pages.into_iter()
    }

    /// Makes a page what it is now, and the last one to go.
    pub fn put(&mut self, page: PageId, resident: Resident) {
        self.uses += 1;
        let resident = Resident { used: self.uses, ..resident };
        self.held.add(&resident);
        if let Some(old) = self.pages.insert(page, resident) {
            self.held.take(&old);
            self.order.remove(&old.used);
        }
        if resident.may_go() {
            self.order.insert(resident.used, page);
        }
    }

    /// Changes a page, if it is known, and makes it the last one to go.
    pub fn change(&mut self, page: PageId, change: impl FnOnce(&mut Resident)) -> bool {
        let Some(mut resident) = self.pages.get(&page).copied() else { return false };
        change(&mut resident);
        self.put(page, resident);
        true
    }

    /// Notes that a page's bytes are older than the host's. It keeps its place in the order.
    pub fn fall_behind(&mut self, page: PageId, since: Epoch) {
        if let Some(resident) = self.pages.get_mut(&page)
            && !resident.is_behind
        {
            (resident.is_behind, resident.since) = (true, since.max(resident.since));
        }
    }

    pub fn remove(&mut self, page: PageId) -> Option<Resident> {
        let resident = self.pages.remove(&page)?;
        self.held.take(&resident);
        self.order.remove(&resident.used);
        Some(resident)
    }

    /// Returns the page that was not used for longest, of those that may go.
    pub fn oldest(&self) -> Option<PageId> {
        self.order.first_key_value().map(|(_, page)| *page)
    }

    /// Forgets what any device had.
    pub fn give_up_all(&mut self) {
        self.order.clear();
        self.held = Held::default();
        let pages = self.pages.values_mut();
        pages.for_each(|page| *page = Resident::absent(page.page_bytes, page.is_pinned));
    }
}
