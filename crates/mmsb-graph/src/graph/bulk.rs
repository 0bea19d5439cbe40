//! Making a graph of many edges at once.

use super::Graph;
use crate::{Edge, GraphError};

impl Graph {
    /// Makes the graph of these edges; repeated ones count once.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] if they hold a cycle.
    pub fn from_edges(edges: impl IntoIterator<Item = Edge>) -> Result<Self, GraphError> {
        let mut graph = Self::new();
        for edge in edges {
            graph.add_edge(edge.source, edge.target, edge.kind)?;
        }
        Ok(graph)
    }
}
