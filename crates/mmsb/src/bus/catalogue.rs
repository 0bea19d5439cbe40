//! Finding pages.

use std::sync::Arc;

use mmsb_types::PageId;

use crate::Bus;

impl Bus {
    /// Returns the live page with this name.
    #[must_use]
    pub fn page(&self, name: &str) -> Option<PageId> {
        self.catalogue().read(|names| names.page(name))
    }

    /// Returns the live page's name, if it has one.
    #[must_use]
    pub fn page_name(&self, page: PageId) -> Option<Arc<str>> {
        self.catalogue().read(|names| names.name(page).cloned())
    }

    /// Visits the live pages by rising id. Pages created or deleted meanwhile may or may not show.
    pub fn pages(&self) -> impl Iterator<Item = PageId> {
        self.store().pages()
    }
}
