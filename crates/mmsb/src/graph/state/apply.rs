//! How one event changes the graph.
//!
//! Invariant: an event that does not fit changes nothing.

use std::sync::Arc;

use mmsb_graph::Graph;
use mmsb_types::{Edge, EdgeKind, GraphEvent, PageId, Registration};

use super::GraphState;
use crate::graph::Misfit;

impl GraphState {
    /// Applies one event; whether flags still make sense is for [`GraphState::check_stale`] to say.
    ///
    /// # Errors
    /// What does not fit; nothing was changed.
    pub(in crate::graph) fn apply(&mut self, event: &GraphEvent) -> Result<(), Misfit> {
        match event {
            GraphEvent::EdgeAdded(edge) => self.add_edge(*edge),
            GraphEvent::EdgeRemoved(edge) => self.remove_edge(*edge),
            GraphEvent::Derived { page, registration } => self.derive(*page, registration),
            GraphEvent::Underived { page } => self.underive(*page).map(drop),
            GraphEvent::Stale { page } => self.set_stale(*page, true),
            GraphEvent::Fresh { page } => self.set_stale(*page, false),
        }
    }

    fn add_edge(&mut self, edge: Edge) -> Result<(), Misfit> {
        if self.is_implied(edge) {
            return Err(Misfit::Derived { page: edge.target });
        }
        let added = Arc::make_mut(&mut self.structure).add_edge(edge.source, edge.target, edge.kind)?;
        if added { Ok(()) } else { Err(Misfit::EdgeThere { edge }) }
    }

    fn remove_edge(&mut self, edge: Edge) -> Result<(), Misfit> {
        if self.is_implied(edge) {
            return Err(Misfit::Derived { page: edge.target });
        }
        let removed = Arc::make_mut(&mut self.structure).remove_edge(edge.source, edge.target, edge.kind);
        if removed { Ok(()) } else { Err(Misfit::NoSuchEdge { edge }) }
    }

    fn derive(&mut self, page: PageId, registration: &Arc<Registration>) -> Result<(), Misfit> {
        if self.derived.contains_key(&page) {
            return Err(Misfit::Derived { page });
        }
        let structure = Arc::make_mut(&mut self.structure);
        for (count, edge) in implied(page, registration).enumerate() {
            let failed = match structure.add_edge(edge.source, edge.target, edge.kind) {
                Ok(true) => continue,
                Ok(false) => Misfit::EdgeThere { edge },
                Err(cycle) => cycle.into(),
            };
            remove_all(structure, implied(page, registration).take(count));
            return Err(failed);
        }
        Arc::make_mut(&mut self.derived).insert(page, Arc::clone(registration));
        Ok(())
    }

    fn underive(&mut self, page: PageId) -> Result<(), Misfit> {
        let registration = Arc::make_mut(&mut self.derived).remove(&page);
        let registration = registration.ok_or(Misfit::NotDerived { page })?;
        remove_all(Arc::make_mut(&mut self.structure), implied(page, &registration));
        Ok(())
    }

    fn set_stale(&mut self, page: PageId, stale: bool) -> Result<(), Misfit> {
        let flags = Arc::make_mut(&mut self.stale);
        let changed = if stale { flags.insert(page) } else { flags.remove(&page) };
        if changed { Ok(()) } else { Err(Misfit::Flag { page, stale }) }
    }
}

/// Returns the edges that follow from a registration, sources rising.
pub(super) fn implied(page: PageId, registration: &Registration) -> impl Iterator<Item = Edge> + use<> {
    let edge = move |source| Edge { source, target: page, kind: EdgeKind::Data };
    registration.sources().into_iter().map(edge)
}

fn remove_all(structure: &mut Graph, edges: impl Iterator<Item = Edge>) {
    // The newest first: it is found at once.
    let edges: Vec<Edge> = edges.collect();
    structure.remove_edges(edges.into_iter().rev());
}
