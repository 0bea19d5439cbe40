//! Adding and removing edges.

use mmsb_types::{EdgeKind, PageId};
use petgraph::{
    Direction::{Incoming, Outgoing},
    graph::EdgeIndex,
    stable_graph::EdgeReference,
    visit::EdgeRef,
};

use super::{Graph, index};
use crate::{
    Edge, GraphError,
    node::{Link, Node, SLOTS_MAX},
};

impl Graph {
    /// Adds an edge, and tells whether it is new.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] if it would close a cycle, of edges of whatever kinds; [`GraphError::Full`] if no page
    /// fits any more. Nothing has changed then.
    ///
    /// # Cost
    /// Where the source's rank is below the target's already, O(the shorter of the two pages' lists): it is looked
    /// through for the same edge. Else what has to rise comes to that: pages behind the target, each once.
    pub fn add_edge(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> Result<bool, GraphError> {
        if source == target {
            return Err(GraphError::Cycle { pages: vec![source] });
        }
        self.make_room()?;
        // A page that enters here has no edge, so nothing below can refuse it and leave it behind.
        let (from, to) = (self.enter(source), self.enter(target));
        let link = self.link(from, to);
        if link.is_some_and(|link| link.has(kind)) {
            return Ok(false);
        }
        if !self.raise(from, to) {
            return Err(GraphError::Cycle { pages: self.way_around(from, to) });
        }
        self.insert(from, to, kind, link.is_some());
        Ok(true)
    }

    /// Removes an edge, and tells whether it was there.
    ///
    /// # Cost
    /// O(edges of the two pages), and what has to sink: pages behind the target, each once.
    pub fn remove_edge(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> bool {
        self.remove_edges([Edge::new(source, target, kind)]) == 1
    }

    /// Removes edges, and returns how many of them were there.
    ///
    /// # Cost
    /// For each edge, O(how many of its pages' edges came later and are here still): name those of one page the newest
    /// first. Then what has to sink, each page once, whichever edges it lost.
    pub fn remove_edges(&mut self, edges: impl IntoIterator<Item = Edge>) -> usize {
        let (mut ends, mut loose) = (Vec::new(), Vec::new());
        for Edge { source, target, kind } in edges {
            let Some((from, to)) = self.slot(source).zip(self.slot(target)) else { continue };
            if self.link(from, to).is_some_and(|link| link.has(kind)) {
                self.take(from, to, kind);
                ends.push([from, to]);
                loose.extend((self.node(to).rank == self.node(from).rank + 1).then_some(to));
            }
        }
        self.sink(&loose);
        self.leave_if_alone(ends.as_flattened());
        ends.len()
    }

    /// Removes a page with all its edges, and returns these, sorted.
    ///
    /// # Cost
    /// As [`Graph::remove_edges`].
    pub fn remove_page(&mut self, page: PageId) -> Vec<Edge> {
        let edges = self.edges_at(page);
        // Mostly ids and edges rose together.
        self.remove_edges(edges.iter().rev().copied());
        edges
    }

    pub(super) fn make_room(&self) -> Result<(), GraphError> {
        // An edge brings two pages at most.
        let is_full = self.structure.node_count() + 2 > self.page_limit;
        if is_full { Err(GraphError::Full { limit: self.page_limit }) } else { Ok(()) }
    }

    /// Returns the page's slot; a page that is not here gets one.
    pub(super) fn enter(&mut self, page: PageId) -> u32 {
        if let Some(slot) = self.slot(page) {
            return slot;
        }
        let slot = self.structure.add_node(page).index();
        if slot == self.nodes.len() {
            self.nodes.push(Node::new(page));
        } else {
            self.nodes[slot] = Node::new(page);
        }
        self.places.insert(page, slot as u32);
        slot as u32
    }

    /// Lets those of the slots go whose pages have no edge any more.
    fn leave_if_alone(&mut self, slots: &[u32]) {
        for &slot in slots {
            // A slot may be named twice.
            if self.node(slot).is_alone() && self.structure.remove_node(index(slot)).is_some() {
                self.places.remove(self.node(slot).page);
            }
        }
    }

    /// Returns what stands between the two, from the shorter one of their lists.
    pub(super) fn link(&self, from: u32, to: u32) -> Option<Link> {
        let (after, before) = (&self.node(from).after, &self.node(to).before);
        if after.count() <= before.count() { after.to(to) } else { before.to(from) }
    }

    /// Adds an edge that is not there; `is_linked` tells whether one of another kind is.
    pub(super) fn insert(&mut self, from: u32, to: u32, kind: EdgeKind, is_linked: bool) {
        self.nodes[from as usize].after.add(to, kind, is_linked);
        self.nodes[to as usize].before.add(from, kind, is_linked);
        self.structure.add_edge(index(from), index(to), kind);
        self.kind_counts[kind as usize] += 1;
        self.set_stamp();
    }

    /// Takes an edge away that is there. Ranks and pages stay.
    fn take(&mut self, from: u32, to: u32, kind: EdgeKind) {
        let Some(edge) = self.find(from, to, kind) else { return };
        self.structure.remove_edge(edge);
        self.kind_counts[kind as usize] -= 1;
        self.set_stamp();
        self.nodes[from as usize].after.remove(to, kind);
        self.nodes[to as usize].before.remove(from, kind);
    }

    /// Finds petgraph's edge in the shorter one of its two lists.
    fn find(&self, from: u32, to: u32, kind: EdgeKind) -> Option<EdgeIndex> {
        let is_after = self.node(from).after.count() <= self.node(to).before.count();
        let (slot, side) = if is_after { (from, Outgoing) } else { (to, Incoming) };
        let is_it = |edge: &EdgeReference<'_, EdgeKind>| {
            (edge.source(), edge.target(), *edge.weight()) == (index(from), index(to), kind)
        };
        self.structure.edges_directed(index(slot), side).find(is_it).map(|edge| edge.id())
    }
}

const _: () = assert!(SLOTS_MAX <= u32::MAX as usize);
