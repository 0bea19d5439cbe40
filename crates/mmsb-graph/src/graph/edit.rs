//! Adding and removing edges.

use mmsb_types::{EdgeKind, PageId};
use petgraph::{
    Direction::{Incoming, Outgoing},
    graph::EdgeIndex,
    visit::EdgeRef,
};

use super::{Graph, index};
use crate::{
    Edge, GraphError,
    edge::propagates,
    node::{Node, forget},
};

impl Graph {
    /// Adds an edge, and tells whether it is new.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] if it would close a cycle, of edges of whatever kinds. Nothing has changed then.
    ///
    /// # Cost
    /// O(1) where the source's rank is below the target's already, beside looking through the shorter of the two
    /// pages' lists for the same edge; else what has to rise: pages behind the target, each once.
    pub fn add_edge(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> Result<bool, GraphError> {
        if source == target {
            return Err(GraphError::Cycle { pages: vec![source] });
        }
        // A page that enters here has no edge, so nothing below can refuse it and leave it behind.
        let (from, to) = (self.enter(source), self.enter(target));
        if self.find(from, to, kind).is_some() {
            return Ok(false);
        }
        if !self.raise(from, to) {
            return Err(GraphError::Cycle { pages: self.way_around(from, to) });
        }
        self.insert(from, to, kind);
        Ok(true)
    }

    /// Removes an edge, and tells whether it was there.
    ///
    /// # Cost
    /// O(edges of the two pages), and what has to sink: pages behind the target, each once.
    pub fn remove_edge(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> bool {
        let ends = self.slot(source).zip(self.slot(target));
        let found = ends.and_then(|(from, to)| self.find(from, to, kind));
        if let Some(edge) = found {
            self.take(edge);
        }
        found.is_some()
    }

    /// Removes a page with all its edges, and returns these, sorted.
    ///
    /// # Cost
    /// As removing each of them.
    pub fn remove_page(&mut self, page: PageId) -> Vec<Edge> {
        let Some(slot) = self.slot(page) else { return Vec::new() };
        let edges = self.edges_at(page);
        let indexes: Vec<EdgeIndex> = [Outgoing, Incoming]
            .into_iter()
            .flat_map(|side| self.structure.edges_directed(index(slot), side))
            .map(|edge| edge.id())
            .collect();
        indexes.into_iter().for_each(|edge| self.take(edge));
        edges
    }

    /// Returns the page's slot; a page that is not here gets one.
    fn enter(&mut self, page: PageId) -> u32 {
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

    fn leave_if_alone(&mut self, slot: u32) {
        let is_alone = self.structure.neighbors_undirected(index(slot)).next().is_none();
        if is_alone && let Some(page) = self.structure.remove_node(index(slot)) {
            self.places.remove(page);
        }
    }

    /// Finds an edge by going through both ends' lists in step, so that the shorter one decides the cost.
    pub(super) fn find(&self, from: u32, to: u32, kind: EdgeKind) -> Option<EdgeIndex> {
        let mut leaving = self.structure.edges_directed(index(from), Outgoing);
        let mut coming = self.structure.edges_directed(index(to), Incoming);
        while let (Some(one), Some(other)) = (leaving.next(), coming.next()) {
            if one.target() == index(to) && *one.weight() == kind {
                return Some(one.id());
            }
            if other.source() == index(from) && *other.weight() == kind {
                return Some(other.id());
            }
        }
        None
    }

    fn insert(&mut self, from: u32, to: u32, kind: EdgeKind) {
        if propagates(kind) && !self.propagates(from, to) {
            self.nodes[from as usize].successors.push(to);
            self.nodes[to as usize].predecessors.push(from);
        }
        self.structure.add_edge(index(from), index(to), kind);
        self.kind_counts[kind as usize] += 1;
    }

    fn take(&mut self, edge: EdgeIndex) {
        let Some((source, target)) = self.structure.edge_endpoints(edge) else { return };
        let Some(kind) = self.structure.remove_edge(edge) else { return };
        let (from, to) = (source.index() as u32, target.index() as u32);
        self.kind_counts[kind as usize] -= 1;
        if propagates(kind) && !self.propagates(from, to) {
            forget(&mut self.nodes[from as usize].successors, to);
            forget(&mut self.nodes[to as usize].predecessors, from);
        }
        self.sink(from, to);
        self.leave_if_alone(from);
        self.leave_if_alone(to);
    }

    /// Tells whether an edge that propagates stands between the two.
    fn propagates(&self, from: u32, to: u32) -> bool {
        [EdgeKind::Data, EdgeKind::Compiler].into_iter().any(|kind| self.find(from, to, kind).is_some())
    }
}
