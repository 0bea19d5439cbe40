//! What belongs to the graph, as objects.

use mmsb::{Edge, GraphDifference, GraphEvent, PageId, Registration};
use serde::Serialize;

/// A change of the graph.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JsonGraphEvent<'a> {
    EdgeAdded(JsonEdge),
    EdgeRemoved(JsonEdge),
    Derived(JsonDerived<'a>),
    Underived { page: u64 },
    Stale { page: u64 },
    Fresh { page: u64 },
}

/// One edge.
#[derive(Debug, Serialize)]
pub struct JsonEdge {
    source: u64,
    target: u64,
    edge: &'static str,
}

/// What a page is derived by.
#[derive(Debug, Serialize)]
pub struct JsonDerived<'a> {
    page: u64,
    #[serde(flatten)]
    by: JsonRegistration<'a>,
}

/// A function and its inputs.
#[derive(Debug, Serialize)]
pub struct JsonRegistration<'a> {
    function: &'a str,
    version: u32,
    inputs: Vec<u64>,
}

/// A difference between two graphs.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JsonGraphDiff<'a> {
    EdgeOnlyLeft(JsonEdge),
    EdgeOnlyRight(JsonEdge),
    Registration { page: u64, left: Option<JsonRegistration<'a>>, right: Option<JsonRegistration<'a>> },
    StaleOnlyLeft { page: u64 },
    StaleOnlyRight { page: u64 },
    Other { text: String },
}

impl From<Edge> for JsonEdge {
    fn from(edge: Edge) -> Self {
        Self { source: edge.source.get(), target: edge.target.get(), edge: edge.kind.name() }
    }
}

impl<'a> From<&'a Registration> for JsonRegistration<'a> {
    fn from(registration: &'a Registration) -> Self {
        let inputs = registration.inputs.iter().map(|input| input.get()).collect();
        Self { function: &registration.name, version: registration.version, inputs }
    }
}

impl<'a> From<(PageId, &'a Registration)> for JsonDerived<'a> {
    fn from((page, registration): (PageId, &'a Registration)) -> Self {
        Self { page: page.get(), by: registration.into() }
    }
}

impl<'a> From<&'a GraphEvent> for JsonGraphEvent<'a> {
    fn from(event: &'a GraphEvent) -> Self {
        match event {
            GraphEvent::EdgeAdded(edge) => Self::EdgeAdded((*edge).into()),
            GraphEvent::EdgeRemoved(edge) => Self::EdgeRemoved((*edge).into()),
            GraphEvent::Derived { page, registration } => Self::Derived((*page, &**registration).into()),
            GraphEvent::Underived { page } => Self::Underived { page: page.get() },
            GraphEvent::Stale { page } => Self::Stale { page: page.get() },
            GraphEvent::Fresh { page } => Self::Fresh { page: page.get() },
        }
    }
}

impl<'a> From<&'a GraphDifference> for JsonGraphDiff<'a> {
    fn from(difference: &'a GraphDifference) -> Self {
        match difference {
            GraphDifference::EdgeOnlyLeft(edge) => Self::EdgeOnlyLeft((*edge).into()),
            GraphDifference::EdgeOnlyRight(edge) => Self::EdgeOnlyRight((*edge).into()),
            GraphDifference::StaleOnlyLeft(page) => Self::StaleOnlyLeft { page: page.get() },
            GraphDifference::StaleOnlyRight(page) => Self::StaleOnlyRight { page: page.get() },
            GraphDifference::Registration { page, left, right } => {
                let [left, right] = [left, right].map(|side| side.as_deref().map(JsonRegistration::from));
                Self::Registration { page: page.get(), left, right }
            }
            other => Self::Other { text: other.to_string() },
        }
    }
}
