//! Two bits of a living page that belong to whoever keeps a graph of pages: others depend on it, and it is computed
//! from others.
//!
//! They stand in the directory word, which whoever changes a page looks at anyway. Nothing here asks what they mean.
//!
//! Invariant: a life begins without marks, and its end takes them away.

use mmsb_types::PageId;

use crate::PageStore;

/// What a page is to other pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Others depend on it.
    pub has_dependents: bool,
    /// It is computed from others.
    pub is_derived: bool,
}

impl Marks {
    /// Tells whether it is neither.
    #[inline]
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl PageStore {
    /// Returns the page's marks; none if no such page lives.
    ///
    /// # Cost
    /// A look at the page's words.
    #[inline]
    #[must_use]
    pub fn marks(&self, page: PageId) -> Marks {
        let bits = self.table.entry(page).map_or(0, |entry| entry.directory().marks());
        Marks { has_dependents: bits & 1 != 0, is_derived: bits & 2 != 0 }
    }

    /// Sets the page's marks; `false` if no such page lives.
    ///
    /// Call it while nobody holds the page, or is about to: with [all committers](crate::Committers::all) in hand.
    /// Whoever reads the page meanwhile looks again.
    pub fn set_marks(&self, page: PageId, marks: Marks) -> bool {
        let bits = u8::from(marks.has_dependents) | u8::from(marks.is_derived) << 1;
        self.table.entry(page).is_some_and(|entry| entry.hot.word.set_marks(bits))
    }
}
