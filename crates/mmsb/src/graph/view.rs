//! The graph as of one epoch, to be looked at.

mod text;

use std::sync::Arc;

use mmsb_types::{Edge, Epoch, PageId, Registration, Violation};

use super::GraphState;
use crate::catalogue::Names;

/// Who depends on whom, as of one state. Cheap to clone; never changes.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// use mmsb::EdgeKind;
///
/// let bus = mmsb::Bus::in_memory()?;
/// let (rules, world) = (bus.create_page("rules", 8)?, bus.create_page("world", 64)?);
/// bus.link(rules, world, EdgeKind::Control)?;
/// let graph = bus.graph()?;
/// assert_eq!(graph.parents(world), [rules]);
/// bus.unlink(rules, world, EdgeKind::Control)?;
/// assert_eq!(bus.graph()?.edge_count(), 0);
/// assert_eq!(bus.at(graph.epoch())?.graph(), graph);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct GraphView {
    epoch: Epoch,
    state: GraphState,
    names: Names,
}

/// Two views are equal if they show the same edges, registrations and flags, of whatever epoch.
impl PartialEq for GraphView {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

impl GraphView {
    pub(crate) fn new(epoch: Epoch, state: GraphState, names: Names) -> Self {
        Self { epoch, state, names }
    }

    pub(crate) fn state(&self) -> &GraphState {
        &self.state
    }

    /// Returns an epoch since which no registration has changed.
    pub(crate) fn derived_since(&self) -> Epoch {
        self.state.derived_since
    }

    /// Returns the epoch of the state it shows.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns all edges, those from a derived page's inputs among them, by source, target and kind.
    ///
    /// # Cost
    /// O(edges), and sorting.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        self.state.structure().edges()
    }

    /// Returns how many edges there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.state.structure().edge_count()
    }

    /// Returns how many pages have an edge.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.state.structure().page_count()
    }

    /// Returns the pages that this one depends on, by rising id.
    #[must_use]
    pub fn parents(&self, page: PageId) -> Vec<PageId> {
        self.state.structure().parents(page)
    }

    /// Returns the pages that depend on this one, by rising id.
    #[must_use]
    pub fn children(&self, page: PageId) -> Vec<PageId> {
        self.state.structure().children(page)
    }

    /// Returns all pages that this one depends on, near and far, by rising id.
    #[must_use]
    pub fn ancestors(&self, page: PageId) -> Vec<PageId> {
        self.state.structure().ancestors(page)
    }

    /// Returns all pages that depend on this one, near and far, by rising id.
    #[must_use]
    pub fn descendants(&self, page: PageId) -> Vec<PageId> {
        self.state.structure().descendants(page)
    }

    /// Returns how many edges the longest way to the page has; 0 for a page that depends on none.
    #[must_use]
    pub fn depth(&self, page: PageId) -> u32 {
        self.state.structure().rank(page).unwrap_or(0)
    }

    /// Returns what the page is derived by, if it is.
    #[must_use]
    pub fn registration(&self, page: PageId) -> Option<&Registration> {
        self.state.registration(page).map(|registration| &**registration)
    }

    /// Visits the derived pages by rising id.
    pub fn derived(&self) -> impl ExactSizeIterator<Item = (PageId, &Registration)> {
        self.state.derived().map(|(page, registration)| (page, &**registration))
    }

    /// Tells whether the page is stale: an input changed, and it was not recomputed.
    #[must_use]
    pub fn is_stale(&self, page: PageId) -> bool {
        self.state.is_stale(page)
    }

    /// Visits the stale pages by rising id.
    pub fn stale(&self) -> impl ExactSizeIterator<Item = PageId> {
        self.state.stale()
    }

    /// Returns the page's name as of this state, if it has one.
    #[must_use]
    pub fn page_name(&self, page: PageId) -> Option<&Arc<str>> {
        self.names.name(page)
    }

    /// Checks that no edges close a cycle, and that what is derived of them agrees with them.
    ///
    /// # Cost
    /// O(pages + edges).
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        self.state.structure().check()
    }

    /// Returns the graph in Graphviz's language; pages have their names.
    #[must_use]
    pub fn dot(&self) -> String {
        self.state.structure().dot(|page| self.names.name(page).map(|name| name.to_string()))
    }
}
