//! What commits replaced in the graph, and the events that lead back.
//!
//! Invariant: of several commits, the oldest word about an edge, a registration or a flag is kept. So the events that
//! lead back are few, and each fits: what goes, goes first, so nothing closes a cycle that was not there before.

mod steps;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use mmsb_types::{Edge, GraphEvent, PageId, Registration};

use self::steps::{Difference, Steps};
use super::GraphState;

/// Old values: of each edge made by hand, whether it was there; of each page, what it was derived by, and its flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Before {
    edges: BTreeMap<Edge, bool>,
    derived: BTreeMap<PageId, Option<Arc<Registration>>>,
    stale: BTreeMap<PageId, bool>,
}

/// Bytes of a value in a map, its share of nodes included.
const ENTRY_BYTES: usize = 64;

impl Before {
    /// Notes what an event has replaced; `derived` is what its page was derived by.
    pub(super) fn note(&mut self, event: &GraphEvent, derived: Option<Arc<Registration>>) {
        match event {
            GraphEvent::EdgeAdded(edge) => drop(self.edges.entry(*edge).or_insert(false)),
            GraphEvent::EdgeRemoved(edge) => drop(self.edges.entry(*edge).or_insert(true)),
            GraphEvent::Derived { page, .. } | GraphEvent::Underived { page } => {
                self.derived.entry(*page).or_insert(derived);
            }
            GraphEvent::Stale { page } => drop(self.stale.entry(*page).or_insert(false)),
            GraphEvent::Fresh { page } => drop(self.stale.entry(*page).or_insert(true)),
        }
    }

    /// Adds what a newer commit replaced: this one's word counts where both have one.
    pub(crate) fn add_newer(&mut self, newer: &Self) {
        add(&mut self.edges, &newer.edges);
        add(&mut self.derived, &newer.derived);
        add(&mut self.stale, &newer.stale);
    }

    /// Returns all that differs between `old` and `new`, as it is in `old`.
    pub(crate) fn between(old: &GraphState, new: &GraphState) -> Self {
        let mut before = Self::default();
        let (there, here) = (old.hand_edges(), new.hand_edges());
        let only = |edges: &[Edge], others: &[Edge], was| -> Vec<(Edge, bool)> {
            let only = edges.iter().filter(|edge| others.binary_search(edge).is_err());
            only.map(|&edge| (edge, was)).collect()
        };
        before.edges.extend(only(&there, &here, true));
        before.edges.extend(only(&here, &there, false));
        let differs = |&(page, _): &(PageId, _)| old.registration(page) != new.registration(page);
        let pages = old.derived().chain(new.derived()).filter(differs).map(|(page, _)| page);
        before.derived.extend(pages.map(|page| (page, old.registration(page).cloned())));
        let flags = old.stale().chain(new.stale()).filter(|&page| old.is_stale(page) != new.is_stale(page));
        before.stale.extend(flags.map(|page| (page, old.is_stale(page))));
        before
    }

    /// Returns the events that lead from `now` to where everything told here has its old value.
    pub(crate) fn events_back(&self, now: &GraphState) -> Vec<GraphEvent> {
        let mut steps = Steps::default();
        self.compare(now, |difference| steps.add(difference));
        steps.events()
    }

    /// Returns the events that led from the old values told here to `now`.
    pub(super) fn events_since(&self, now: &GraphState) -> Vec<GraphEvent> {
        let mut steps = Steps::default();
        self.compare(now, |difference| steps.add(difference.reversed()));
        steps.events()
    }

    /// Visits what has another value now.
    fn compare(&self, now: &GraphState, mut visit: impl FnMut(Difference)) {
        for (&edge, &to) in &self.edges {
            let from = now.has_edge(edge) && !now.is_implied(edge);
            visit(Difference::Edge { edge, from, to });
        }
        for (&page, to) in &self.derived {
            visit(Difference::Derived { page, from: now.registration(page).cloned(), to: to.clone() });
        }
        for (&page, &to) in &self.stale {
            visit(Difference::Stale { page, from: now.is_stale(page), to });
        }
    }

    /// Visits the pages whose edges, registration or flag it tells of.
    pub(super) fn pages(&self) -> impl Iterator<Item = PageId> {
        let targets = self.edges.keys().map(|edge| edge.target);
        targets.chain(self.derived.keys().copied()).chain(self.stale.keys().copied())
    }

    /// Returns the pages at all ends of what it tells of, in the state before and in `now`.
    pub(super) fn touched(&self, now: &GraphState) -> BTreeSet<PageId> {
        let mut pages: BTreeSet<PageId> = self.pages().collect();
        pages.extend(self.edges.keys().map(|edge| edge.source));
        for (&page, old) in &self.derived {
            let both = [old.as_ref(), now.registration(page)].into_iter().flatten();
            pages.extend(both.flat_map(|registration| &registration.inputs));
        }
        pages
    }

    /// Tells whether nothing was replaced.
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.derived.is_empty() && self.stale.is_empty()
    }

    /// Returns about how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let registrations = self.derived.values().flatten();
        let inner = registrations.map(|old| old.name.len() + size_of_val(old.inputs.as_slice()));
        let entries = self.edges.len() + self.derived.len() + self.stale.len();
        entries * ENTRY_BYTES + inner.sum::<usize>()
    }
}

fn add<K: Ord + Clone, V: Clone>(to: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>) {
    for (key, value) in from {
        if let Entry::Vacant(vacant) = to.entry(key.clone()) {
            vacant.insert(value.clone());
        }
    }
}
