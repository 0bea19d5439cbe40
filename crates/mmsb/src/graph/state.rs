//! The graph as of one epoch, and how an event changes it.
//!
//! Copies share what they have in common, whole columns at a time: a copy costs three counts, the first change of
//! a column that is shared copies it.
//!
//! Invariant: an event that does not fit changes nothing.

mod apply;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use mmsb_graph::Graph;
use mmsb_page::Marks;
use mmsb_types::{Edge, EdgeKind, Epoch, GraphEvent, PageEvent, PageId, Registration};

use self::apply::implied;
use super::{Before, Misfit};

/// Edges, registrations, flags.
#[derive(Clone, Default)]
pub(crate) struct GraphState {
    /// The commit that changed it last.
    pub(crate) epoch: Epoch,
    /// No commit since this one changed a registration.
    pub(crate) derived_since: Epoch,
    structure: Arc<Graph>,
    derived: Arc<BTreeMap<PageId, Arc<Registration>>>,
    stale: Arc<BTreeSet<PageId>>,
}

impl fmt::Debug for GraphState {
    /// Counts, not the edges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (edges, derived, stale) = (self.structure.edge_count(), self.derived.len(), self.stale.len());
        write!(f, "graph of {}: {edges} edges, {derived} derived, {stale} stale", self.epoch)
    }
}

/// Two states are equal if they say the same, whoever said it.
impl PartialEq for GraphState {
    fn eq(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.structure, &other.structure) || self.structure == other.structure;
        same && self.derived == other.derived && self.stale == other.stale
    }
}

impl GraphState {
    /// Makes the state of hand-made edges, registrations and flags.
    ///
    /// # Errors
    /// What does not fit together.
    pub(crate) fn of_parts(
        epoch: Epoch,
        edges: impl IntoIterator<Item = Edge>,
        derived: BTreeMap<PageId, Arc<Registration>>,
        stale: BTreeSet<PageId>,
    ) -> Result<Self, Misfit> {
        let edges = edges.into_iter().map(|edge| match derived.contains_key(&edge.target) {
            true if edge.kind == EdgeKind::Data => Err(Misfit::Derived { page: edge.target }),
            _ => Ok(edge),
        });
        let mut edges = edges.collect::<Result<Vec<_>, _>>()?;
        edges.extend(derived.iter().flat_map(|(&page, registration)| implied(page, registration)));
        let structure = Arc::new(Graph::from_edges(edges)?);
        let (derived, stale) = (Arc::new(derived), Arc::new(stale));
        let state = Self { epoch, derived_since: epoch, structure, derived, stale };
        state.check_stale(state.stale.iter().copied())?;
        Ok(state)
    }

    /// Applies the graph events of the commit `epoch`, whose page events are `pages`.
    ///
    /// # Errors
    /// What does not fit; the state is then of no use.
    pub(crate) fn apply_all(
        &mut self,
        events: &[GraphEvent],
        pages: &[PageEvent],
        epoch: Epoch,
    ) -> Result<(), Misfit> {
        if !events.is_empty() {
            events.iter().try_for_each(|event| self.apply(event))?;
            self.check_stale(events.iter().map(GraphEvent::page))?;
            self.note(events, epoch);
        }
        match gone(pages).find(|&page| self.structure.contains(page)) {
            Some(page) => Err(Misfit::Gone { page }),
            None => Ok(()),
        }
    }

    /// Notes that the commit `epoch` did all this.
    pub(super) fn note(&mut self, events: &[GraphEvent], epoch: Epoch) {
        self.epoch = epoch;
        let derives =
            |event: &GraphEvent| matches!(event, GraphEvent::Derived { .. } | GraphEvent::Underived { .. });
        if events.iter().any(derives) {
            self.derived_since = epoch;
        }
    }

    /// Applies those of the events that fit, and tells what the others break.
    pub(crate) fn apply_what_fits(
        &mut self,
        events: &[GraphEvent],
        pages: &[PageEvent],
        epoch: Epoch,
        mut told: impl FnMut(Misfit),
    ) {
        events.iter().for_each(|event| self.apply(event).unwrap_or_else(&mut told));
        if !events.is_empty() {
            self.note(events, epoch);
        }
        self.check_stale(events.iter().map(GraphEvent::page)).unwrap_or_else(&mut told);
        gone(pages)
            .filter(|&page| self.structure.contains(page))
            .for_each(|page| told(Misfit::Gone { page }));
    }

    /// Checks that each of these pages that is stale has an edge that leads to it.
    ///
    /// # Errors
    /// [`Misfit::StaleAlone`].
    pub(super) fn check_stale(&self, mut pages: impl Iterator<Item = PageId>) -> Result<(), Misfit> {
        let alone = pages.find(|&page| self.is_stale(page) && !self.has_parents(page));
        alone.map_or(Ok(()), |page| Err(Misfit::StaleAlone { page }))
    }

    /// Gives everything that `before` tells of its old value back.
    pub(crate) fn restore(&mut self, before: &Before) {
        for event in before.events_back(self) {
            self.apply(&event).expect("what was replaced fits once what replaced it is gone");
        }
    }

    /// Returns all edges, those that follow from registrations among them.
    pub(crate) fn structure(&self) -> &Graph {
        &self.structure
    }

    /// Tells whether nothing is here.
    pub(crate) fn is_empty(&self) -> bool {
        self.structure.edge_count() == 0
    }

    /// Tells whether the page has an edge.
    pub(crate) fn contains(&self, page: PageId) -> bool {
        self.structure.contains(page)
    }

    /// Tells whether the edge is here.
    pub(crate) fn has_edge(&self, edge: Edge) -> bool {
        self.structure.contains_edge(edge.source, edge.target, edge.kind)
    }

    /// Tells whether such an edge would follow from a registration, and is not made by hand.
    pub(crate) fn is_implied(&self, edge: Edge) -> bool {
        edge.kind == EdgeKind::Data && self.derived.contains_key(&edge.target)
    }

    /// Tells whether an edge leads to the page.
    pub(super) fn has_parents(&self, page: PageId) -> bool {
        self.structure.rank(page).is_some_and(|rank| rank > 0)
    }

    /// Returns what the page is derived by.
    pub(crate) fn registration(&self, page: PageId) -> Option<&Arc<Registration>> {
        self.derived.get(&page)
    }

    /// Returns what the page's own word is to tell.
    pub(crate) fn marks(&self, page: PageId) -> Marks {
        Marks { has_dependents: self.structure.is_source(page), is_derived: self.derived.contains_key(&page) }
    }

    /// Visits the derived pages by rising id.
    pub(crate) fn derived(&self) -> impl ExactSizeIterator<Item = (PageId, &Arc<Registration>)> {
        self.derived.iter().map(|(&page, registration)| (page, registration))
    }

    /// Tells whether the page is stale.
    pub(crate) fn is_stale(&self, page: PageId) -> bool {
        self.stale.contains(&page)
    }

    /// Visits the stale pages by rising id.
    pub(crate) fn stale(&self) -> impl ExactSizeIterator<Item = PageId> {
        self.stale.iter().copied()
    }

    /// Returns the edges made by hand, sorted.
    pub(crate) fn hand_edges(&self) -> Vec<Edge> {
        let mut edges = self.structure.edges();
        edges.retain(|&edge| !self.is_implied(edge));
        edges
    }
}

/// Visits the pages that are gone once all these events have happened.
fn gone(events: &[PageEvent]) -> impl Iterator<Item = PageId> {
    events.iter().enumerate().filter_map(|(at, event)| match *event {
        PageEvent::Deleted { page } => (!is_created(&events[at + 1..], page)).then_some(page),
        PageEvent::Created { .. } | PageEvent::Named { .. } => None,
    })
}

fn is_created(events: &[PageEvent], wanted: PageId) -> bool {
    events.iter().any(|event| matches!(event, PageEvent::Created { page, .. } if *page == wanted))
}
