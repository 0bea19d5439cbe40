//! Writing graph events.

use alloc::vec::Vec;

use super::GraphEvent;
use crate::{
    Edge, EventKind, PageId, Registration,
    limits::{INPUT_COUNT_MAX, TEXT_BYTES_MAX},
};

pub(super) const HEAD_BYTES: usize = 16;

/// The fields that every event has; those that one does not use are zero.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) edge_kind: u8,
    pub(super) name_len: u16,
    pub(super) version: u32,
    pub(super) page: u64,
}

/// Appends the event's bytes to `out`.
pub(super) fn event(event: &GraphEvent, out: &mut Vec<u8>) {
    match event {
        GraphEvent::EdgeAdded(edge) => encode_edge(EventKind::EdgeAdded, *edge, out),
        GraphEvent::EdgeRemoved(edge) => encode_edge(EventKind::EdgeRemoved, *edge, out),
        GraphEvent::Derived { page, registration } => encode_derived(*page, registration, out),
        GraphEvent::Underived { page } => Head::new(EventKind::Underived, *page).encode(out),
        GraphEvent::Stale { page } => Head::new(EventKind::Stale, *page).encode(out),
        GraphEvent::Fresh { page } => Head::new(EventKind::Fresh, *page).encode(out),
    }
}

impl Head {
    pub(super) fn new(kind: EventKind, page: PageId) -> Self {
        Self { kind: kind as u8, page: page.get(), ..Self::default() }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.edge_kind]);
        out.extend(self.name_len.to_le_bytes());
        out.extend(self.version.to_le_bytes());
        out.extend(self.page.to_le_bytes());
    }

    pub(super) fn page(&self) -> PageId {
        PageId::new(self.page)
    }
}

fn encode_edge(kind: EventKind, edge: Edge, out: &mut Vec<u8>) {
    Head { edge_kind: edge.kind as u8, ..Head::new(kind, edge.source) }.encode(out);
    out.extend(edge.target.get().to_le_bytes());
}

fn encode_derived(page: PageId, registration: &Registration, out: &mut Vec<u8>) {
    let Registration { name, version, inputs } = registration;
    assert!(name.len() <= TEXT_BYTES_MAX, "a name of {} bytes", name.len());
    assert!((1..=INPUT_COUNT_MAX).contains(&inputs.len()), "{} inputs", inputs.len());
    let head = Head::new(EventKind::Derived, page);
    Head { name_len: name.len() as u16, version: *version, ..head }.encode(out);
    out.extend((inputs.len() as u64).to_le_bytes());
    out.extend(inputs.iter().flat_map(|input| input.get().to_le_bytes()));
    out.extend(name.as_bytes());
    out.resize(out.len().next_multiple_of(8), 0);
}
