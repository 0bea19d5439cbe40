//! A state goes into an envelope and comes back; content that no bus has is refused, whatever is damaged.

use std::sync::Arc;

use mmsb_types::{Edge, EdgeKind, Epoch, GraphEvent, Label, PageId, PageLocation, Registration};
use rkyv::rancor;

use super::{Content, Living, TextList, content, decode, encode};
use crate::{
    catalogue::Names,
    graph::GraphState,
    replay::Heading,
    texts::{SourceNumbers, TextKind, Texts},
};

const EPOCH: Epoch = Epoch::new(77);

fn living(ids: impl IntoIterator<Item = u64>) -> Living {
    ids.into_iter().map(PageId::new).collect()
}

fn edge(source: u64, target: u64, kind: EdgeKind) -> Edge {
    Edge::new(PageId::new(source), PageId::new(target), kind)
}

/// Page 5 is derived from 4, 2, 4, and page 6 from 5, which is stale.
fn graph() -> GraphState {
    let registration = |name: &str, inputs: &[u64]| {
        let inputs = inputs.iter().map(|&id| PageId::new(id)).collect();
        Arc::new(Registration { name: name.into(), version: 3, inputs })
    };
    let derived = [(5, registration("sum", &[4, 2, 4])), (6, registration("", &[5]))];
    let derived = derived.map(|(id, registration)| (PageId::new(id), registration)).into();
    let edges = [edge(1, 2, EdgeKind::GpuSync), edge(1, 5, EdgeKind::Control)];
    GraphState::of_parts(EPOCH, edges, derived, [PageId::new(5)].into()).unwrap()
}

/// The bytes of events.
fn events(events: &[GraphEvent]) -> Vec<u8> {
    let mut bytes = Vec::new();
    events.iter().for_each(|event| event.encode(&mut bytes));
    bytes
}

/// Some names, texts, a label, a source and a graph; the living pages are 1 to 9 and one far away.
fn specimen() -> (Heading, Living) {
    let mut names = Names::new(EPOCH, PageId::new(2_000_000));
    names.set(PageId::new(3), Some("world".into()), PageLocation::Host);
    names.set(PageId::new(1), None, PageLocation::Device);
    names.set(PageId::new(1_999_999), Some("a name \u{e9}".into()), PageLocation::Auto);
    let mut texts = Texts::default();
    texts.of_mut(TextKind::Tag).extend(["physics".into(), "ai".into()]);
    texts.of_mut(TextKind::Site).push("src/main.rs:10".into());
    let source = SourceNumbers { tag: 2, site: 1 };
    let label = Some(Label::new(0));
    let heading = Heading { epoch: EPOCH, label, source, texts, names, graph: graph() };
    (heading, living((1..10).chain([1_999_999])))
}

/// What a heading says, in words; names in the order of pages.
fn describe(heading: &Heading) -> String {
    let Heading { epoch, label, source, texts, names, .. } = heading;
    let mut notes = Vec::new();
    names.for_each_note(|page, note| notes.push((page, note.clone())));
    notes.sort_by_key(|(page, _)| *page);
    let found = notes.iter().filter_map(|(_, note)| names.page(note.name.as_deref()?)).count();
    format!("{epoch} {label:?} {source:?} {texts:?} {} {notes:?} {found}", names.next_id)
}

#[track_caller]
fn check(heading: &Heading, living: &Living) {
    let envelope = encode(heading, living).unwrap();
    let (found, found_living) = decode(&envelope, EPOCH).unwrap();
    assert_eq!(describe(&found), describe(heading));
    assert!(found.graph == heading.graph, "{:?}, not {:?}", found.graph, heading.graph);
    assert_eq!((&found_living, found_living.len()), (living, living.len()));
    assert_eq!(encode(&found, &found_living).unwrap(), envelope, "the same state, the same bytes");
}

/// Spoils the content of a good envelope, and compares what a reader says with `what`.
#[track_caller]
fn refuses(spoil: impl FnOnce(&mut Content), what: &str) {
    let (heading, living) = specimen();
    let mut content = content(&heading, &living);
    spoil(&mut content);
    let mut envelope = encode(&heading, &living).unwrap()[..8].to_vec();
    envelope.extend_from_slice(&rkyv::to_bytes::<rancor::Error>(&content).unwrap());
    assert_eq!(decode(&envelope, EPOCH).map(|_| ()), Err(what.to_owned()));
}

fn texts(texts: &[&str]) -> TextList {
    let texts: Vec<Arc<str>> = texts.iter().map(|&text| text.into()).collect();
    TextList::new(texts.iter())
}

#[test]
fn a_state_comes_back() {
    let (heading, living) = specimen();
    check(&heading, &living);
}

#[test]
fn an_empty_state_comes_back() {
    check(&Heading { epoch: EPOCH, ..Heading::default() }, &Living::default());
}

#[test]
fn a_million_living_pages_take_little_room() {
    let names = Names::new(EPOCH, PageId::new(1_000_001));
    let heading = Heading { epoch: EPOCH, names, ..Heading::default() };
    check(&heading, &living((1..=1_000_000).filter(|id| id % 3 != 0)));
    let envelope = encode(&heading, &living(1..=1_000_000)).unwrap();
    assert!(envelope.len() < 1000, "{} bytes", envelope.len());
}

#[test]
fn content_that_no_bus_has_is_refused() {
    refuses(|content| content.next_id = 1_999_999, "the metadata's next id was given to a page");
    refuses(|content| content.next_id = 1 << 31, "the metadata's next id was given to a page");
    refuses(|content| content.has_label = 2, "the metadata's label is out of range");
    refuses(|content| content.site = 2, "the metadata names an unknown text");
    refuses(|content| content.tags = texts(&["", "b"]), "the metadata's texts are of impossible length");
    refuses(|content| content.locations[0] = 9, "a page is in an unknown place");
    refuses(|content| content.locations.truncate(1), "the metadata's columns differ in length");
}

#[test]
fn a_graph_that_no_bus_has_is_refused() {
    let (one, other) = (edge(1, 2, EdgeKind::Data), edge(2, 1, EdgeKind::Control));
    let added =
        |edges: &[Edge]| events(&edges.iter().map(|&edge| GraphEvent::EdgeAdded(edge)).collect::<Vec<_>>());
    let spoil = |graph: Vec<u8>, what: &str| refuses(|content| content.graph = graph, what);
    spoil(vec![0], "the metadata's graph: graph event at section offset 0: cut short");
    spoil(added(&[other, one]), "the metadata's graph is out of order");
    spoil(added(&[one, one]), "the metadata's graph is out of order");
    spoil(events(&[GraphEvent::EdgeRemoved(one)]), "the metadata's graph is out of order");
    let missing = "page:11 is in the metadata's graph and does not live";
    spoil(added(&[edge(1, 11, EdgeKind::Data)]), missing);
    let cycle = "the metadata's graph: edge page:1 -> page:2 closes the cycle page:1 -> page:2 -> page:1";
    spoil(added(&[one, other]), cycle);
    spoil(added(&[one]), "the metadata's graph: page:5 is stale, and no edge leads to it");
    refuses(|content| content.graph.extend(added(&[one])), "the metadata's graph is out of order");
    refuses(
        |content| content.graph.splice(0..0, added(&[edge(1, 5, EdgeKind::Data)])).for_each(drop),
        "the metadata's graph is out of order",
    );
    refuses(
        |content| {
            content.graph = [added(&[edge(1, 5, EdgeKind::Data)]), content.graph[48..].to_vec()].concat()
        },
        "the metadata's graph: page:5 is derived already",
    );
}

#[test]
fn flags_that_no_bus_has_are_refused() {
    refuses(|content| content.stale.push(0), "the metadata's set of living pages is invalid");
    let none = living([]).encode();
    refuses(|content| content.stale = none, "the metadata's set of stale pages is empty");
    let alone = living([1]).encode();
    let what = "the metadata's graph: page:1 is stale, and no edge leads to it";
    refuses(|content| content.stale = alone, what);
}

#[test]
fn pages_that_are_noted_wrongly_are_refused() {
    refuses(
        |content| content.noted_pages.swap(0, 1),
        "page:1 is noted out of order, or does not live, or for nothing",
    );
    refuses(
        |content| content.noted_pages[1] = 10,
        "page:10 is noted out of order, or does not live, or for nothing",
    );
    refuses(
        |content| content.locations[0] = 0,
        "page:1 is noted out of order, or does not live, or for nothing",
    );
    refuses(|content| content.names = texts(&["", "same", "same"]), "page:1999999 has the name of page:3");
}

#[test]
fn a_set_of_living_pages_that_is_none_is_refused() {
    refuses(|content| content.living.push(0), "the metadata's set of living pages is invalid");
    refuses(|content| content.living.truncate(5), "the metadata's set of living pages is invalid");
    let zero = living([0]).encode();
    refuses(|content| content.living = zero, "the metadata's set of living pages is out of range");
    let far = living([1 << 30]).encode();
    refuses(|content| content.living = far, "the metadata's set of living pages is out of range");
}

#[test]
fn another_version_is_refused_by_name() {
    let (heading, living) = specimen();
    let mut envelope = encode(&heading, &living).unwrap();
    envelope[0] = 2;
    let refused = decode(&envelope, EPOCH).unwrap_err();
    assert_eq!(refused, "the metadata has version 2; this build reads 1");
}

/// Whatever the bytes: an answer, and no panic.
#[test]
fn every_damaged_bit_and_every_cut_is_judged() {
    let (heading, living) = specimen();
    let envelope = encode(&heading, &living).unwrap();
    let mut refused = 0;
    for bit in 0..envelope.len() * 8 {
        let mut damaged = envelope.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        refused += u32::from(decode(&damaged, EPOCH).is_err());
    }
    assert!(refused > 0);
    for len in 0..envelope.len() {
        assert!(decode(&envelope[..len], EPOCH).is_err(), "length {len}");
    }
}

#[test]
fn ids_are_gathered_in_any_order_by_runs_and_one_by_one() {
    let gathered = living([5, 6, 7, 9, 3, 8, 8, 70_000, 70_001]);
    let ids: Vec<u64> = (1..70_005).filter(|&id| gathered.contains(PageId::new(id))).collect();
    assert_eq!((ids, gathered.len()), (vec![3, 5, 6, 7, 8, 9, 70_000, 70_001], 8));
}
