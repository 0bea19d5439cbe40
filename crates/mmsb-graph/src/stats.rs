//! How large a graph is.

use mmsb_types::EdgeKind;

use crate::Graph;

/// Counts of one graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphStats {
    /// Pages with an edge.
    pub pages: usize,
    /// Edges, by the kind's number.
    pub edges: [usize; 4],
    /// The largest rank and one: how many steps a wave through everything takes. 0 without edges.
    pub rank_count: u32,
}

impl GraphStats {
    pub(crate) fn of(graph: &Graph) -> Self {
        let kinds = [EdgeKind::Data, EdgeKind::Control, EdgeKind::GpuSync, EdgeKind::Compiler];
        let edges = kinds.map(|kind| graph.kind_count(kind));
        Self { pages: graph.page_count(), edges, rank_count: graph.rank_count() }
    }
}
