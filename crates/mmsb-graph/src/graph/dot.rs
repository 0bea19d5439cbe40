//! The graph as text for Graphviz.

use std::fmt::Write as _;

use mmsb_types::{EdgeKind, PageId};
use petgraph::{
    dot::{Config, Dot},
    graph::DiGraph,
};

use super::Graph;

impl Graph {
    /// Returns the graph in the language of Graphviz. Pages are called what `name` says, or by their ids; edges
    /// other than Data are told by their kind.
    ///
    /// The text follows from edges and names alone: pages rise, and so do edges.
    #[must_use]
    pub fn dot(&self, name: impl Fn(PageId) -> Option<String>) -> String {
        let mut pages: Vec<PageId> = self.structure.node_weights().copied().collect();
        pages.sort_unstable();
        let edges = self.edges();
        // Drawn from a copy in the order of ids: slots tell in what order pages came.
        let mut sorted: DiGraph<PageId, EdgeKind> = DiGraph::with_capacity(pages.len(), edges.len());
        let nodes: Vec<_> = pages.iter().map(|&page| sorted.add_node(page)).collect();
        let node = |page| pages.binary_search(&page).map(|place| nodes[place]);
        for edge in edges {
            if let (Ok(source), Ok(target)) = (node(edge.source), node(edge.target)) {
                sorted.add_edge(source, target, edge.kind);
            }
        }
        draw(&sorted, name)
    }
}

fn draw(graph: &DiGraph<PageId, EdgeKind>, name: impl Fn(PageId) -> Option<String>) -> String {
    let config = [Config::NodeNoLabel, Config::EdgeNoLabel];
    let label = |page: PageId| name(page).unwrap_or_else(|| page.to_string());
    let mut text = String::new();
    let edges = &|_, edge: petgraph::graph::EdgeReference<'_, EdgeKind>| style(*edge.weight()).to_owned();
    let nodes = &|_, (_, page): (_, &PageId)| format!("label = {:?}", label(*page));
    // Writing to a string cannot fail.
    let _ = write!(text, "{:?}", Dot::with_attr_getters(graph, &config, edges, nodes));
    text
}

const fn style(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Data => "",
        EdgeKind::Control => "label = \"control\", style = dashed",
        EdgeKind::GpuSync => "label = \"gpu sync\", style = dotted",
        EdgeKind::Compiler => "label = \"compiler\"",
    }
}
