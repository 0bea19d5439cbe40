//! Which pages a mirror keeps.

use std::sync::Arc;

use mmsb_types::{PageId, PageLocation};

use super::Locations;

/// Which pages a mirror keeps: those that live and meet one of what was said. Pages that are created, or named, later
/// come along.
#[derive(Clone, Debug, Default)]
#[must_use = "a filter is for a mirror"]
pub struct PageFilter {
    is_all: bool,
    pages: Vec<PageId>,
    prefixes: Vec<String>,
    /// Those that are wanted on a device, besides.
    located: Option<Arc<Locations>>,
}

impl PageFilter {
    /// All pages.
    pub fn all() -> Self {
        Self { is_all: true, ..Self::default() }
    }

    /// These pages, in this life and any other.
    pub fn pages(pages: impl IntoIterator<Item = PageId>) -> Self {
        let mut pages: Vec<_> = pages.into_iter().collect();
        pages.sort_unstable();
        Self { pages, ..Self::default() }
    }

    /// Pages whose names begin so.
    pub fn named(prefix: impl Into<String>) -> Self {
        Self { prefixes: vec![prefix.into()], ..Self::default() }
    }

    /// Also those that `other` says.
    pub fn or(mut self, other: impl Into<Self>) -> Self {
        let other = other.into();
        self.is_all |= other.is_all;
        self.pages.extend(other.pages);
        self.pages.sort_unstable();
        self.prefixes.extend(other.prefixes);
        self.located = self.located.or(other.located);
        self
    }

    /// Tells whether a page is kept.
    #[must_use]
    pub fn passes(&self, page: PageId, name: Option<&str>) -> bool {
        let has_name = |prefix: &String| name.is_some_and(|name| name.starts_with(prefix.as_str()));
        self.is_all
            || self.pages.binary_search(&page).is_ok()
            || self.prefixes.iter().any(has_name)
            || self.located.as_ref().is_some_and(|located| located.of(page) != PageLocation::Host)
    }

    /// Those that the program wants on a device.
    pub(crate) fn located(locations: Arc<Locations>) -> Self {
        Self { located: Some(locations), ..Self::default() }
    }

    /// Tells whether a page is not to go from the device.
    pub(super) fn pins(&self, page: PageId) -> bool {
        self.located.as_ref().is_some_and(|located| located.of(page) == PageLocation::Device)
    }
}

impl From<PageId> for PageFilter {
    fn from(page: PageId) -> Self {
        Self::pages([page])
    }
}

impl<const N: usize> From<[PageId; N]> for PageFilter {
    fn from(pages: [PageId; N]) -> Self {
        Self::pages(pages)
    }
}
