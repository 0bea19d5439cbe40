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

use mmsb_types::{EdgeKind, PageId};
use petgraph::{graph::NodeIndex, stable_graph::StableDiGraph};

use crate::{Edge, node::Node, places::Places};

/// Typed edges between pages, without cycles.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    structure: StableDiGraph<PageId, EdgeKind>,
    places: Places,
    nodes: Vec<Node>,
    kind_counts: [usize; KINDS],
}

/// How many kinds of edges there are.
const KINDS: usize = 4;

impl Graph {
    /// Makes a graph without edges.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the node in a slot that is in use.
    pub(crate) fn node(&self, slot: u32) -> &Node {
        &self.nodes[slot as usize]
    }

    /// Returns the page's slot.
    pub(crate) fn slot(&self, page: PageId) -> Option<u32> {
        self.places.get(page)
    }

    /// Returns a number above every slot in use.
    pub(crate) fn slot_bound(&self) -> usize {
        self.nodes.len()
    }

    fn edge(&self, index: petgraph::graph::EdgeIndex) -> Option<Edge> {
        let (source, target) = self.structure.edge_endpoints(index)?;
        let kind = *self.structure.edge_weight(index)?;
        Some(Edge::new(self.structure[source], self.structure[target], kind))
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
