//! The structure: pages, their edges, and the order that follows from them.
//!
//! petgraph holds the edges; beside it lies each page's node in compact form, which waves read.
//!
//! Invariant: no cycle. A page is here exactly while it has an edge. A node's slot is its index in petgraph's
//! graph, and stays as long as the page is here. What [`Graph`] answers depends on its edges alone.

mod bulk;
mod check;
mod cycle;
mod dot;
mod edit;
mod look;
mod order;
mod walk;

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use mmsb_types::{EdgeKind, PageId};
use petgraph::{graph::NodeIndex, stable_graph::StableDiGraph};

use crate::{
    Edge,
    node::{Node, SLOTS_MAX},
    places::Places,
};

/// Typed edges between pages, without cycles.
#[derive(Clone, Debug)]
pub struct Graph {
    structure: StableDiGraph<PageId, EdgeKind>,
    places: Places,
    nodes: Vec<Node>,
    kind_counts: [usize; KINDS],
    page_limit: usize,
    /// Another one after each change, of this graph and of all others: equal stamps, equal graphs and slots.
    stamp: u64,
    /// The largest rank and one, once somebody asked since the last change.
    rank_count: OnceLock<u32>,
}

/// The newest stamp.
static STAMP: AtomicU64 = AtomicU64::new(0);

/// How many kinds of edges there are.
const KINDS: usize = 4;

impl Graph {
    /// Makes a graph without edges.
    #[must_use]
    pub fn new() -> Self {
        Self::with_page_limit(SLOTS_MAX)
    }

    /// Makes a graph without edges that takes at most this many pages; 2^28 at most, whatever is asked for.
    #[must_use]
    pub fn with_page_limit(pages: usize) -> Self {
        Self {
            structure: StableDiGraph::new(),
            places: Places::default(),
            nodes: Vec::new(),
            kind_counts: [0; KINDS],
            page_limit: pages.min(SLOTS_MAX),
            stamp: 0,
            rank_count: OnceLock::new(),
        }
    }

    /// Returns a number that no other graph has, but for copies of this one as it is.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    fn set_stamp(&mut self) {
        self.rank_count.take();
        self.stamp = STAMP.fetch_add(1, Ordering::Relaxed) + 1;
    }

    /// Returns the node in a slot that is in use.
    #[inline]
    pub(crate) fn node(&self, slot: u32) -> &Node {
        &self.nodes[slot as usize]
    }

    /// Returns the page's slot: a small number that is its own as long as it has an edge; for tables by page.
    #[must_use]
    pub fn slot(&self, page: PageId) -> Option<u32> {
        self.places.get(page)
    }

    /// Returns a number above every slot in use.
    #[must_use]
    pub fn slot_bound(&self) -> usize {
        self.nodes.len()
    }

    fn edge(&self, index: petgraph::graph::EdgeIndex) -> Option<Edge> {
        let (source, target) = self.structure.edge_endpoints(index)?;
        let kind = *self.structure.edge_weight(index)?;
        Some(Edge::new(self.structure[source], self.structure[target], kind))
    }
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

/// Two graphs are equal if their edges are.
impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        self.kind_counts == other.kind_counts && self.edges() == other.edges()
    }
}

impl Eq for Graph {}

fn index(slot: u32) -> NodeIndex {
    NodeIndex::new(slot as usize)
}
