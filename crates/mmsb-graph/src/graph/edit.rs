//! Adding and removing edges.

use mmsb_types::{EdgeKind, PageId};
use petgraph::{Direction::Outgoing, graph::EdgeIndex, visit::EdgeRef};

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
        let Some((from, to)) = self.slot(source).zip(self.slot(target)) else { return false };
        let is_here = self.link(from, to).is_some_and(|link| link.has(kind));
        if is_here {
            self.take(from, to, kind);
        }
        is_here
    }

    /// Removes a page with all its edges, and returns these, sorted.
    ///
    /// # Cost
    /// As removing each of them.
    pub fn remove_page(&mut self, page: PageId) -> Vec<Edge> {
        let edges = self.edges_at(page);
        for edge in &edges {
            self.remove_edge(edge.source, edge.target, edge.kind);
        }
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

    fn leave_if_alone(&mut self, slot: u32) {
        if self.node(slot).is_alone() {
            self.places.remove(self.node(slot).page);
            self.structure.remove_node(index(slot));
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

    fn take(&mut self, from: u32, to: u32, kind: EdgeKind) {
        let Some(edge) = self.find(from, to, kind) else { return };
        self.structure.remove_edge(edge);
        self.kind_counts[kind as usize] -= 1;
        self.set_stamp();
        self.nodes[from as usize].after.remove(to, kind);
        self.nodes[to as usize].before.remove(from, kind);
        self.sink(from, to);
        self.leave_if_alone(from);
        self.leave_if_alone(to);
    }

    fn find(&self, from: u32, to: u32, kind: EdgeKind) -> Option<EdgeIndex> {
        let mut edges = self.structure.edges_directed(index(from), Outgoing);
        edges.find(|edge| edge.target() == index(to) && *edge.weight() == kind).map(|edge| edge.id())
    }
}

const _: () = assert!(SLOTS_MAX <= u32::MAX as usize);
