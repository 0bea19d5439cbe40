//! Commits of graph events, as a log tells them.

use std::sync::Arc;

use mmsb::{Edge, EdgeKind, GraphEvent, PageId, Registration};

use crate::hostile::forge::{Forged, created};

pub(crate) fn edge(source: u64, target: u64, kind: EdgeKind) -> Edge {
    Edge::new(PageId::new(source), PageId::new(target), kind)
}

pub(crate) fn added(source: u64, target: u64) -> GraphEvent {
    GraphEvent::EdgeAdded(edge(source, target, EdgeKind::Data))
}

pub(crate) fn removed(source: u64, target: u64) -> GraphEvent {
    GraphEvent::EdgeRemoved(edge(source, target, EdgeKind::Data))
}

pub(crate) fn derived(page: u64, name: &str, inputs: &[u64]) -> GraphEvent {
    let inputs = inputs.iter().map(|&id| PageId::new(id)).collect();
    let registration = Arc::new(Registration { name: name.into(), version: 1, inputs });
    GraphEvent::Derived { page: PageId::new(page), registration }
}

pub(crate) fn underived(page: u64) -> GraphEvent {
    GraphEvent::Underived { page: PageId::new(page) }
}

pub(crate) fn stale(page: u64) -> GraphEvent {
    GraphEvent::Stale { page: PageId::new(page) }
}

pub(crate) fn fresh(page: u64) -> GraphEvent {
    GraphEvent::Fresh { page: PageId::new(page) }
}

/// Pages 1 to 4, then one commit for each list of events.
pub(crate) fn log(lists: &[&[GraphEvent]]) -> Vec<Forged> {
    let pages: Vec<_> = (1..5).map(|id| created(id, None)).collect();
    let mut log = vec![Forged::events(&pages)];
    log.extend(lists.iter().map(|events| Forged::graph(events)));
    log
}
