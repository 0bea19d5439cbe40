//! The graph as text: few edges one by one.

use std::fmt;

use mmsb_types::{Edge, PageId};

use super::GraphView;

/// Edges printed one by one; the rest are counted.
const EDGES_SHOWN: usize = 32;

impl fmt::Display for GraphView {
    /// A line of counts, then a line for each edge, as long as there are few.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pages, edges) = (self.page_count(), self.edge_count());
        let (derived, stale) = (self.state.derived().len(), self.state.stale().len());
        write!(f, "{}: {edges} edges of {pages} pages, {derived} derived, {stale} stale", self.epoch)?;
        self.edges().iter().take(EDGES_SHOWN).try_for_each(|edge| self.fmt_edge(f, edge))?;
        match edges.saturating_sub(EDGES_SHOWN) {
            0 => Ok(()),
            rest => write!(f, "\n  and {rest} edges more"),
        }
    }
}

impl fmt::Debug for GraphView {
    /// Counts, not the edges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GraphView({}: {} edges)", self.epoch, self.edge_count())
    }
}

impl GraphView {
    fn fmt_page(&self, f: &mut fmt::Formatter<'_>, page: PageId) -> fmt::Result {
        write!(f, "{page}")?;
        self.page_name(page).map_or(Ok(()), |name| write!(f, " {name:?}"))
    }

    fn fmt_edge(&self, f: &mut fmt::Formatter<'_>, edge: &Edge) -> fmt::Result {
        f.write_str("\n  ")?;
        self.fmt_page(f, edge.source)?;
        f.write_str(" -> ")?;
        self.fmt_page(f, edge.target)?;
        write!(f, " ({})", edge.kind.name())
    }
}
