//! Which pages a mirror keeps.

use mmsb_types::PageId;

/// Which pages a mirror keeps: those that live and meet one of what was said. Pages that are created, or named, later
/// come along.
#[derive(Clone, Debug, Default)]
#[must_use = "a filter is for a mirror"]
pub struct PageFilter {
    is_all: bool,
    pages: Vec<PageId>,
    prefixes: Vec<String>,
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
        self
    }

    /// Tells whether a page is kept.
    #[must_use]
    pub fn passes(&self, page: PageId, name: Option<&str>) -> bool {
        let has_name = |prefix: &String| name.is_some_and(|name| name.starts_with(prefix.as_str()));
        self.is_all || self.pages.binary_search(&page).is_ok() || self.prefixes.iter().any(has_name)
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
