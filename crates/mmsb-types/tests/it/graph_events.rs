//! Graph events: golden bytes, round trips, and every damaged section refused.

use std::sync::Arc;

use insta::assert_snapshot;
use mmsb_types::{
    Edge, EdgeKind, GraphEvent, PageId, Registration,
    limits::{INPUT_COUNT_MAX, PAGE_ID_MAX, TEXT_BYTES_MAX},
};
use proptest::{collection::vec, prelude::*};

fn encode(events: &[GraphEvent]) -> Vec<u8> {
    let mut bytes = Vec::new();
    events.iter().for_each(|event| event.encode(&mut bytes));
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(8).map(|word| word.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n").collect()
}

fn derived(page: u64, name: &str, version: u32, inputs: &[u64]) -> GraphEvent {
    let inputs = inputs.iter().map(|&id| PageId::new(id)).collect();
    let registration = Arc::new(Registration { name: name.into(), version, inputs });
    GraphEvent::Derived { page: PageId::new(page), registration }
}

fn one_of_each() -> Vec<GraphEvent> {
    let (source, page) = (PageId::new(0x0102), PageId::new(0x0a0b));
    let edge = Edge { source, target: page, kind: EdgeKind::Control };
    vec![
        GraphEvent::EdgeAdded(edge),
        GraphEvent::EdgeRemoved(Edge { kind: EdgeKind::Compiler, ..edge }),
        derived(0x0a0b, "sum", 7, &[0x0102, 0x03, 0x0102]),
        derived(0x0a0b, "", 0, &[1]),
        GraphEvent::Underived { page },
        GraphEvent::Stale { page },
        GraphEvent::Fresh { page },
    ]
}

#[track_caller]
fn check_refused(bytes: &[u8], what: &str) {
    assert_eq!(GraphEvent::decode_all(bytes).unwrap_err().to_string(), what);
}

/// The bytes of one event, some of them overwritten.
fn damaged(event: &GraphEvent, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = encode(std::slice::from_ref(event));
    encoded[offset..offset + bytes.len()].copy_from_slice(bytes);
    encoded
}

#[test]
fn golden_bytes() {
    assert_snapshot!(hex(&encode(&one_of_each())), @"
    1001000000000000
    0201000000000000
    0b0a000000000000
    1103000000000000
    0201000000000000
    0b0a000000000000
    1200030007000000
    0b0a000000000000
    0300000000000000
    0201000000000000
    0300000000000000
    0201000000000000
    73756d0000000000
    1200000000000000
    0b0a000000000000
    0100000000000000
    0100000000000000
    1300000000000000
    0b0a000000000000
    1400000000000000
    0b0a000000000000
    1500000000000000
    0b0a000000000000
    ");
}

#[test]
fn every_truncation_is_refused_or_a_whole_prefix() {
    let bytes = encode(&one_of_each());
    for len in 0..bytes.len() {
        match GraphEvent::decode_all(&bytes[..len]) {
            Ok(events) => assert_eq!(encode(&events), &bytes[..len]),
            Err(error) => assert!(error.offset <= len),
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let [edge, sum] = [&one_of_each()[0], &one_of_each()[2]];
    let prefix = "graph event at section offset 0: ";
    let refused = |bytes: Vec<u8>, what| check_refused(&bytes, &format!("{prefix}{what}"));
    refused(damaged(edge, 0, &[15]), "unknown kind");
    refused(damaged(edge, 0, &[22]), "unknown kind");
    refused(damaged(edge, 1, &[4]), "unknown kind of edge");
    refused(damaged(edge, 8, &[0; 8]), "page id out of range");
    refused(damaged(edge, 16, &(PAGE_ID_MAX + 1).to_le_bytes()), "page id out of range");
    refused(damaged(sum, 24, &[0; 8]), "page id out of range");
    refused(damaged(sum, 16, &[0; 8]), "input count out of range");
    refused(damaged(sum, 16, &(INPUT_COUNT_MAX as u64 + 1).to_le_bytes()), "input count out of range");
    refused(damaged(sum, 16, &65_535u64.to_le_bytes()), "inputs cut short");
    refused(damaged(sum, 2, &(TEXT_BYTES_MAX as u16 + 1).to_le_bytes()), "name too long");
    refused(damaged(sum, 2, &9u16.to_le_bytes()), "name cut short");
    refused(damaged(sum, 48, &[0xff]), "name is not UTF-8");
    refused(damaged(sum, 55, &[1]), "padding is not zero");
}

#[test]
fn a_field_that_an_event_does_not_use_is_zero() {
    let events = one_of_each();
    for (event, fields) in [(0, &[2, 4][..]), (1, &[3, 7]), (2, &[1]), (4, &[1, 2, 4]), (5, &[1]), (6, &[5])]
    {
        for &field in fields {
            let what = "graph event at section offset 0: a field that must be zero is not";
            check_refused(&damaged(&events[event], field, &[1]), what);
        }
    }
}

#[test]
fn a_refusal_tells_which_event() {
    let mut bytes = encode(&one_of_each()[..2]);
    bytes[24] = 99;
    check_refused(&bytes, "graph event at section offset 24: unknown kind");
}

#[test]
fn pages_that_join_the_graph_are_those_of_new_edges_and_registrations() {
    let joining = |event: &GraphEvent| event.joining().map(PageId::get).collect::<Vec<_>>();
    let joined: Vec<_> = one_of_each().iter().map(joining).collect();
    assert_snapshot!(format!("{joined:x?}"), @"[[102, a0b], [], [a0b, 102, 3, 102], [a0b, 1], [], [], []]");
}

fn page() -> impl Strategy<Value = PageId> {
    (1..=PAGE_ID_MAX).prop_map(PageId::new)
}

fn edge() -> impl Strategy<Value = Edge> {
    let kind = (0..4u8).prop_map(|number| EdgeKind::from_number(number).unwrap());
    (page(), page(), kind).prop_map(|(source, target, kind)| Edge { source, target, kind })
}

fn event() -> impl Strategy<Value = GraphEvent> {
    let registration = ("[a-z]{0,20}", any::<u32>(), vec(page(), 1..5));
    prop_oneof![
        edge().prop_map(GraphEvent::EdgeAdded),
        edge().prop_map(GraphEvent::EdgeRemoved),
        (page(), registration).prop_map(|(page, (name, version, inputs))| {
            GraphEvent::Derived { page, registration: Arc::new(Registration { name, version, inputs }) }
        }),
        page().prop_map(|page| GraphEvent::Underived { page }),
        page().prop_map(|page| GraphEvent::Stale { page }),
        page().prop_map(|page| GraphEvent::Fresh { page }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(events in vec(event(), 0..8)) {
        prop_assert_eq!(GraphEvent::decode_all(&encode(&events)).unwrap(), events);
    }

    #[test]
    fn one_changed_byte_is_refused_or_says_something_else(events in vec(event(), 1..4), at in any::<usize>(), byte: u8) {
        let mut bytes = encode(&events);
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = GraphEvent::decode_all(&bytes) {
            prop_assert_eq!(encode(&read), bytes);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(events) = GraphEvent::decode_all(&bytes) {
            prop_assert_eq!(encode(&events), bytes);
        }
    }
}
