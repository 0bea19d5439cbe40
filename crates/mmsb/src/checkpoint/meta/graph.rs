//! The graph in the metadata: edges made by hand as events that add them, registrations as events that make them,
//! each kind by rising order; and the stale pages.
//!
//! Invariant: what [`decode`] returns is a graph that a bus can have: without a cycle, of living pages; the same graph
//! makes the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use mmsb_types::{Edge, Epoch, GraphEvent, PageId};

use super::Living;
use crate::graph::GraphState;

/// Returns the graph's bytes; none for an empty one.
pub(super) fn encode(graph: &GraphState) -> Vec<u8> {
    let mut bytes = Vec::new();
    graph.hand_edges().into_iter().for_each(|edge| GraphEvent::EdgeAdded(edge).encode(&mut bytes));
    for (page, registration) in graph.derived() {
        GraphEvent::Derived { page, registration: registration.clone() }.encode(&mut bytes);
    }
    bytes
}

/// Returns the stale pages' bytes; none if no page is stale.
pub(super) fn encode_stale(graph: &GraphState) -> Vec<u8> {
    match graph.stale().len() {
        0 => Vec::new(),
        _ => graph.stale().collect::<Living>().encode(),
    }
}

/// Reads the graph of the state as of `epoch`, in which `living` pages live.
///
/// # Errors
/// What is wrong with it, as a text.
pub(super) fn decode(
    graph: &[u8],
    stale: &[u8],
    epoch: Epoch,
    living: &Living,
) -> Result<GraphState, String> {
    let events = GraphEvent::decode_all(graph).map_err(|error| format!("the metadata's graph: {error}"))?;
    let (mut edges, mut derived) = (Vec::new(), BTreeMap::new());
    for event in events {
        if let Some(page) = event.joining().find(|&page| !living.contains(page)) {
            return Err(format!("{page} is in the metadata's graph and does not live"));
        }
        let is_next = match event {
            GraphEvent::EdgeAdded(edge) => derived.is_empty() && push(&mut edges, edge),
            GraphEvent::Derived { page, registration } => {
                let is_next = derived.last_key_value().is_none_or(|(&last, _)| last < page);
                derived.insert(page, registration);
                is_next
            }
            _ => false,
        };
        if !is_next {
            return Err("the metadata's graph is out of order".into());
        }
    }
    let graph = GraphState::of_parts(epoch, edges, derived, decode_stale(stale)?);
    graph.map_err(|misfit| format!("the metadata's graph: {misfit}"))
}

/// Adds an edge; tells whether it is behind the last one.
fn push(edges: &mut Vec<Edge>, edge: Edge) -> bool {
    let is_next = edges.last().is_none_or(|&last| last < edge);
    edges.push(edge);
    is_next
}

fn decode_stale(bytes: &[u8]) -> Result<BTreeSet<PageId>, &'static str> {
    if bytes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let stale: BTreeSet<PageId> = Living::parse(bytes)?.iter().collect();
    if stale.is_empty() { Err("the metadata's set of stale pages is empty") } else { Ok(stale) }
}
