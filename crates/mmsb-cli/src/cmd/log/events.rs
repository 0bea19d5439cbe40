//! What commits did, thing by thing, as objects.

use mmsb::{Cause, Event, PageEvent, PageId, Span};
use serde::Serialize;

use crate::render::{JsonGraphEvent, JsonSource};

/// What one commit did.
#[derive(Debug, Serialize)]
pub struct JsonEvents<'a> {
    epoch: u64,
    label: Option<u64>,
    timestamp_nanos: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    rewinds_to: Option<u64>,
    events: Vec<JsonEvent<'a>>,
    graph: Vec<JsonGraphEvent<'a>>,
    computed: Vec<JsonCause>,
    runs: Vec<JsonRun>,
}

/// A page's life or name.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum JsonEvent<'a> {
    Created { page: u64, page_bytes: u32, name: Option<&'a str> },
    Deleted { page: u64 },
    Named { page: u64, name: Option<&'a str> },
}

#[derive(Debug, Serialize)]
struct JsonCause {
    page: u64,
    inputs: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct JsonRun {
    page: u64,
    offset: u32,
    length: u32,
}

/// Makes the object of what a commit did.
pub fn json(event: &Event) -> JsonEvents<'_> {
    JsonEvents {
        epoch: event.epoch.get(),
        label: event.label.map(|label| label.get()),
        timestamp_nanos: event.timestamp_nanos,
        source: (&event.source).into(),
        rewinds_to: event.rewinds_to.map(|target| target.get()),
        events: event.catalogue.iter().map(JsonEvent::from).collect(),
        graph: event.graph.iter().map(JsonGraphEvent::from).collect(),
        computed: event.computed.iter().map(JsonCause::from).collect(),
        runs: event.runs.iter().map(JsonRun::from).collect(),
    }
}

impl<'a> From<&'a PageEvent> for JsonEvent<'a> {
    fn from(event: &'a PageEvent) -> Self {
        let page = event.page().get();
        match event {
            PageEvent::Created { page_bytes, name, .. } => {
                JsonEvent::Created { page, page_bytes: *page_bytes, name: name.as_deref() }
            }
            PageEvent::Deleted { .. } => JsonEvent::Deleted { page },
            PageEvent::Named { name, .. } => JsonEvent::Named { page, name: name.as_deref() },
        }
    }
}

impl From<&Cause> for JsonCause {
    fn from(cause: &Cause) -> Self {
        let inputs = cause.inputs.iter().map(|input| input.get()).collect();
        Self { page: cause.page.get(), inputs }
    }
}

impl From<&(PageId, Span)> for JsonRun {
    fn from((page, span): &(PageId, Span)) -> Self {
        Self { page: page.get(), offset: span.offset, length: span.len }
    }
}
