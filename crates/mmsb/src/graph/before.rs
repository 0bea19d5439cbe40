//! What commits replaced in the graph, and the events that lead back.
//!
//! Invariant: of several commits, the oldest word about an edge, a registration or a flag is kept. So the events that
//! lead back are few, and each fits: what goes, goes first, so nothing closes a cycle that was not there before.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use mmsb_types::{Edge, GraphEvent, PageId, Registration};

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
    /// Notes what an event that fits is about to replace.
    pub(super) fn note(&mut self, state: &GraphState, event: &GraphEvent) {
        match event {
            GraphEvent::EdgeAdded(edge) => drop(self.edges.entry(*edge).or_insert(false)),
            GraphEvent::EdgeRemoved(edge) => drop(self.edges.entry(*edge).or_insert(true)),
            GraphEvent::Derived { page, .. } | GraphEvent::Underived { page } => {
                self.derived.entry(*page).or_insert_with(|| state.registration(*page).cloned());
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
        let mut events = Vec::new();
        let flags = self.stale.iter().filter(|&(&page, &was)| now.is_stale(page) != was);
        let (gone, back): (Vec<_>, Vec<_>) = flags.map(|(&page, &was)| (page, was)).partition(|(_, was)| !was);
        let derived = || self.derived.iter().filter(|&(&page, was)| now.registration(page) != was.as_ref());
        let has = |edge| now.has_edge(edge) && !now.is_implied(edge);
        let edges = || self.edges.iter().filter(|&(&edge, &was)| has(edge) != was);
        events.extend(gone.into_iter().map(|(page, _)| GraphEvent::Fresh { page }));
        let ended = derived().filter(|&(&page, _)| now.registration(page).is_some());
        events.extend(ended.map(|(&page, _)| GraphEvent::Underived { page }));
        events.extend(edges().filter(|&(_, was)| !was).map(|(&edge, _)| GraphEvent::EdgeRemoved(edge)));
        events.extend(edges().filter(|&(_, was)| *was).map(|(&edge, _)| GraphEvent::EdgeAdded(edge)));
        events.extend(derived().filter_map(|(&page, was)| {
            Some(GraphEvent::Derived { page, registration: Arc::clone(was.as_ref()?) })
        }));
        events.extend(back.into_iter().map(|(page, _)| GraphEvent::Stale { page }));
        events
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
