//! Which events somebody wants to hear of.
//!
//! Invariant: an event passes or does not, as it is; a filter changes none.

use std::ops::{Bound, RangeBounds};

use mmsb_types::PageId;

use super::Event;

/// Which events somebody wants to hear of; all of them, if nothing is said. Conditions add up: an event must meet
/// them all.
#[derive(Clone, Debug, Default)]
#[must_use = "a filter is for a subscription"]
pub struct EventFilter {
    /// One of these is touched; any, if there are none.
    pages: Vec<PageId>,
    labels: Option<(Bound<u64>, Bound<u64>)>,
    tag: Option<String>,
    catalogue: bool,
    graph: bool,
}

impl EventFilter {
    /// Lets everything pass.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only commits that touch this page; said again, one of these pages.
    pub fn page(mut self, page: PageId) -> Self {
        self.pages.push(page);
        self
    }

    /// Only commits with a label in this range.
    pub fn label(self, labels: impl RangeBounds<u64>) -> Self {
        Self { labels: Some((labels.start_bound().cloned(), labels.end_bound().cloned())), ..self }
    }

    /// Only commits with this tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Only commits that create, delete or name pages.
    pub fn catalogue(self) -> Self {
        Self { catalogue: true, ..self }
    }

    /// Only commits that change the graph.
    pub fn graph(self) -> Self {
        Self { graph: true, ..self }
    }

    /// Tells whether the event passes.
    #[must_use]
    pub fn passes(&self, event: &Event) -> bool {
        let is_labelled = |labels: &(_, _)| event.label.is_some_and(|label| labels.contains(&label.get()));
        (self.pages.is_empty() || self.pages.iter().any(|&page| event.touches(page)))
            && self.labels.as_ref().is_none_or(is_labelled)
            && self.tag.as_ref().is_none_or(|tag| event.source.tag.as_ref() == Some(tag))
            && !(self.catalogue && event.catalogue.is_empty())
            && !(self.graph && event.graph.is_empty())
    }
}
