//! What a random transaction does to the graph.

use mmsb::{Edge, EdgeKind, Error, Transaction};

use super::Driver;
use crate::draft::Draft;

/// A change of a page without derived ones behind it leads to nothing along these.
const KINDS: [EdgeKind; 3] = [EdgeKind::Data, EdgeKind::GpuSync, EdgeKind::Compiler];

impl Driver {
    /// Asks for an edge, mostly from an older page to a younger one; others may close a cycle.
    pub(super) fn link(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let (one, other) = (self.page(draft), self.page(draft));
        let is_rising = one < other || self.rng.once_in(12);
        let (source, target) = if is_rising { (one, other) } else { (other, one) };
        if source == target && !self.rng.once_in(12) {
            return Ok(());
        }
        let edge = Edge::new(source, target, self.rng.pick(&KINDS));
        draft.link(edge);
        tx.link(source, target, edge.kind)
    }

    /// Takes away one of the edges there are.
    pub(super) fn unlink(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let edges: Vec<Edge> = draft.state.edges.iter().copied().collect();
        if edges.is_empty() {
            return Ok(());
        }
        let edge = self.rng.pick(&edges);
        draft.state.edges.remove(&edge);
        tx.unlink(edge.source, edge.target, edge.kind)
    }
}
