//! What waves of a live bus need: functions, a schedule, copies of bytes; and the marks of pages in the graph.
//!
//! Invariant: outside of commits that hold all committers, a living page is marked as having dependents exactly if an
//! edge leaves it, and as derived exactly if it has a registration.

use std::sync::Arc;

use mmsb_graph::{Schedule, Workers};
use mmsb_page::PageStore;
use mmsb_types::{GraphEvent, PageId};

use super::{WaveReport, desk::Desk, functions::Functions, patches::Patches};
use crate::{bus::Inner, graph::GraphState};

/// What is held from planning to publication.
#[derive(Debug, Default)]
pub(crate) struct LiveGraph {
    pub(super) functions: Functions,
    pub(super) schedule: Schedule,
    pub(super) desk: Desk,
    pub(super) patches: Patches,
    /// None before the first wave.
    pub(super) workers: Option<Workers>,
    pub(crate) last: Option<Arc<WaveReport>>,
}

impl LiveGraph {
    /// Finds the functions of pages whose registrations, or places in the graph, may be others than before.
    pub(super) fn place(&mut self, pages: &[PageId], state: &GraphState) {
        for &page in pages {
            self.functions.place(page, state.registration(page), state.structure());
        }
    }
}

/// Marks all pages of the graph of a bus that nobody uses yet.
pub(crate) fn mark_all(bus: &Inner) {
    let state = bus.graph.newest(&bus.graph.lock());
    mark(&bus.store, &state.structure().order(), &state);
}

/// Marks pages as the graph has them. All committers are held.
pub(super) fn mark(store: &PageStore, pages: &[PageId], state: &GraphState) {
    for &page in pages {
        store.set_marks(page, state.marks(page));
    }
}

/// Returns the pages whose marks, or functions, an event may change.
pub(super) fn pages_of(event: &GraphEvent) -> impl Iterator<Item = PageId> {
    let source = match event {
        GraphEvent::EdgeRemoved(edge) => Some(edge.source),
        _ => None,
    };
    event.joining().chain([event.page()]).chain(source)
}
