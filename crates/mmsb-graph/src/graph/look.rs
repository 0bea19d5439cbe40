//! What is asked of a page and of the whole.

use mmsb_types::{EdgeKind, PageId};
use petgraph::{
    Direction::{self, Incoming, Outgoing},
    visit::{EdgeRef, IntoEdgeReferences},
};

use super::{Graph, index};
use crate::{Edge, GraphStats};

impl Graph {
    /// Tells whether the page has an edge.
    #[must_use]
    pub fn contains(&self, page: PageId) -> bool {
        self.slot(page).is_some()
    }

    /// Tells whether this edge is here. Cost: as for [`Graph::add_edge`].
    #[must_use]
    pub fn contains_edge(&self, source: PageId, target: PageId, kind: EdgeKind) -> bool {
        let ends = self.slot(source).zip(self.slot(target));
        ends.and_then(|(from, to)| self.link(from, to)).is_some_and(|link| link.has(kind))
    }

    /// Tells whether a change of the page recomputes another one: whether a Data or Compiler edge leaves it.
    #[must_use]
    pub fn has_dependents(&self, page: PageId) -> bool {
        self.slot(page).is_some_and(|slot| self.node(slot).after.running().next().is_some())
    }

    /// Tells whether an edge of any kind leaves the page.
    #[must_use]
    pub fn is_source(&self, page: PageId) -> bool {
        self.slot(page)
            .is_some_and(|slot| self.structure.edges_directed(index(slot), Outgoing).next().is_some())
    }

    /// Returns the page's rank: the number of edges on the longest way to it. None for a page without edges.
    #[must_use]
    pub fn rank(&self, page: PageId) -> Option<u32> {
        self.slot(page).map(|slot| self.node(slot).rank)
    }

    /// Returns how many pages have an edge.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.structure.node_count()
    }

    /// Returns how many edges there are, of all kinds.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.structure.edge_count()
    }

    /// Returns how many edges of this kind there are. Cost: O(1).
    #[must_use]
    pub fn kind_count(&self, kind: EdgeKind) -> usize {
        self.kind_counts[kind as usize]
    }

    /// Returns how many edges the longest way through it has. Cost: O(pages) once after each change.
    #[must_use]
    pub fn depth_max(&self) -> u32 {
        self.rank_count().saturating_sub(1)
    }

    /// Counts what is here. Cost: that of [`Graph::depth_max`].
    #[must_use]
    pub fn stats(&self) -> GraphStats {
        GraphStats::of(self)
    }

    /// Returns all edges, sorted.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let edges = self.structure.edge_references();
        sorted(edges.filter_map(|edge| self.edge(edge.id())).collect())
    }

    /// Returns the page's edges in both directions, sorted.
    #[must_use]
    pub fn edges_at(&self, page: PageId) -> Vec<Edge> {
        let mut edges = self.edges_on(page, Incoming);
        edges.extend(self.edges_on(page, Outgoing));
        sorted(edges)
    }

    /// Returns the pages this one depends on, by edges of any kind, rising.
    #[must_use]
    pub fn parents(&self, page: PageId) -> Vec<PageId> {
        distinct(self.edges_on(page, Incoming).into_iter().map(|edge| edge.source).collect())
    }

    /// Returns the pages that depend on this one, by edges of any kind, rising.
    #[must_use]
    pub fn children(&self, page: PageId) -> Vec<PageId> {
        distinct(self.edges_on(page, Outgoing).into_iter().map(|edge| edge.target).collect())
    }

    /// Returns the pages that depend on this one by edges of one kind, rising.
    #[must_use]
    pub fn children_by(&self, page: PageId, kind: EdgeKind) -> Vec<PageId> {
        let edges = self.edges_on(page, Outgoing).into_iter();
        distinct(edges.filter(|edge| edge.kind == kind).map(|edge| edge.target).collect())
    }

    /// Returns the pages that are computed from this one, in no order.
    pub(crate) fn dependents(&self, page: PageId) -> impl Iterator<Item = PageId> {
        let node = self.slot(page).map(|slot| self.node(slot));
        let followers = node.into_iter().flat_map(|node| node.after.running());
        followers.map(|slot| self.node(slot).page)
    }

    fn edges_on(&self, page: PageId, side: Direction) -> Vec<Edge> {
        let Some(slot) = self.slot(page) else { return Vec::new() };
        let edges = self.structure.edges_directed(index(slot), side);
        edges.filter_map(|edge| self.edge(edge.id())).collect()
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

fn distinct(pages: Vec<PageId>) -> Vec<PageId> {
    let mut pages = sorted(pages);
    pages.dedup();
    pages
}
