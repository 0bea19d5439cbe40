//! What commits are looked for by: all of it at once, and nothing means all.

use std::ops::RangeInclusive;

use mmsb_types::{Label, PageId};

use super::part::Key;

/// Which commits are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// Those that change, create, delete or name this page.
    pub(super) page: Option<PageId>,
    pub(super) epochs: RangeInclusive<u64>,
    pub(super) labels: Option<RangeInclusive<Label>>,
    pub(super) keys: Vec<Key>,
}

impl Filter {
    /// Wants the commits with these epochs.
    pub(crate) fn epochs(epochs: RangeInclusive<u64>) -> Self {
        Self { page: None, epochs, labels: None, keys: Vec::new() }
    }

    /// Wants only those with these epochs, too.
    pub(super) fn within(self, epochs: RangeInclusive<u64>) -> Self {
        let (first, last) = (*epochs.start().max(self.epochs.start()), *epochs.end().min(self.epochs.end()));
        Self { epochs: first..=last, ..self }
    }

    /// Wants only those that touch the page.
    pub(crate) fn page(self, page: PageId) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Wants only those with a label in the range.
    pub(crate) fn labels(self, labels: RangeInclusive<Label>) -> Self {
        Self { labels: Some(labels), ..self }
    }

    /// Wants only those with the tag of this number.
    pub(crate) fn tag(self, number: u32) -> Self {
        self.key(Key::Tag(number))
    }

    /// Wants only those from the code site of this number.
    pub(crate) fn site(self, number: u32) -> Self {
        self.key(Key::Site(number))
    }

    /// Wants only those that create, delete or name pages.
    pub(crate) fn catalogue(self) -> Self {
        self.key(Key::Catalogue)
    }

    fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }
}
