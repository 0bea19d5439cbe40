//! Graphs that no bus would log are refused with the commit named, by however many threads; registrations that one
//! would log come back.

use std::sync::Arc;

use mmsb::{Bus, Edge, EdgeKind, Epoch, Error, GraphEvent, PageId, Registration};

use crate::hostile::forge::{Forged, created, deleted, open, refused};

fn edge(source: u64, target: u64, kind: EdgeKind) -> Edge {
    Edge::new(PageId::new(source), PageId::new(target), kind)
}

fn added(source: u64, target: u64) -> GraphEvent {
    GraphEvent::EdgeAdded(edge(source, target, EdgeKind::Data))
}

fn removed(source: u64, target: u64) -> GraphEvent {
    GraphEvent::EdgeRemoved(edge(source, target, EdgeKind::Data))
}

fn derived(page: u64, name: &str, inputs: &[u64]) -> GraphEvent {
    let inputs = inputs.iter().map(|&id| PageId::new(id)).collect();
    let registration = Arc::new(Registration { name: name.into(), version: 1, inputs });
    GraphEvent::Derived { page: PageId::new(page), registration }
}

fn underived(page: u64) -> GraphEvent {
    GraphEvent::Underived { page: PageId::new(page) }
}

fn stale(page: u64) -> GraphEvent {
    GraphEvent::Stale { page: PageId::new(page) }
}

fn fresh(page: u64) -> GraphEvent {
    GraphEvent::Fresh { page: PageId::new(page) }
}

/// Pages 1 to 4, then one commit for each list of events.
fn log(lists: &[&[GraphEvent]]) -> Vec<Forged> {
    let pages: Vec<_> = (1..5).map(|id| created(id, None)).collect();
    let mut log = vec![Forged::events(&pages)];
    log.extend(lists.iter().map(|events| Forged::graph(events)));
    log
}

#[test]
fn a_graph_that_does_not_fit_is_named() {
    let check = |lists: &[&[GraphEvent]], what: &str| refused(&log(lists), what);
    check(&[&[added(1, 2)], &[added(1, 2)]], "the edge page:1 -> page:2 (data) is there already");
    check(&[&[removed(1, 2)]], "there is no edge page:1 -> page:2 (data)");
    check(
        &[&[added(1, 2), added(2, 1)]],
        "edge page:2 -> page:1 closes the cycle page:2 -> page:1 -> page:2",
    );
    check(&[&[added(3, 3)]], "edge page:3 -> page:3 closes the cycle page:3 -> page:3");
    check(&[&[derived(3, "f", &[1, 3])]], "edge page:3 -> page:3 closes the cycle page:3 -> page:3");
    check(&[&[derived(3, "f", &[1])], &[derived(3, "g", &[1])]], "page:3 is derived already");
    check(&[&[added(1, 3), derived(3, "f", &[1])]], "the edge page:1 -> page:3 (data) is there already");
    check(&[&[derived(3, "f", &[1])], &[added(2, 3)]], "page:3 is derived already");
    check(&[&[derived(3, "f", &[1])], &[removed(1, 3)]], "page:3 is derived already");
    check(&[&[underived(3)]], "page:3 is not derived");
    check(&[&[stale(2)]], "page:2 is stale, and no edge leads to it");
    check(&[&[added(1, 2), stale(2)], &[stale(2)]], "page:2 is stale already");
    check(&[&[added(1, 2)], &[fresh(2)]], "page:2 is fresh already");
    check(&[&[added(1, 2), stale(2)], &[removed(1, 2)]], "page:2 is stale, and no edge leads to it");
}

#[test]
fn a_page_that_does_not_live_is_in_no_edge() {
    refused(&log(&[&[added(1, 9)]]), "page:9 does not exist");
    refused(&log(&[&[added(8, 1), added(9, 1)]]), "page:8 does not exist");
    refused(&log(&[&[derived(2, "f", &[1, 7])]]), "page:7 does not exist");
    let mut commits = log(&[&[added(1, 2)]]);
    commits.push(Forged::events(&[deleted(2)]));
    refused(&commits, "page:2 is deleted and has edges");
    let mut born_late = Forged::graph(&[added(1, 5)]);
    let mut commits = log(&[]);
    commits.push(Forged::graph(&[added(1, 5)]));
    refused(&commits, "page:5 does not exist");
    born_late.events = vec![created(5, None)];
    *commits.last_mut().unwrap() = born_late;
    assert_eq!(open(&commits).unwrap().graph().unwrap().edge_count(), 1);
}

#[test]
fn the_first_thing_that_does_not_fit_is_told_whoever_finds_it() {
    let mut patch = Forged::patch(7, 0, b"x");
    patch.graph = vec![added(1, 9)];
    let mut commits = log(&[]);
    commits.push(patch);
    refused(&commits, "page:7 does not exist");
    let mut label = Forged::graph(&[added(2, 1), added(1, 8)]);
    label.label = vec![1; 7];
    let mut commits = log(&[]);
    commits.push(label);
    refused(&commits, "page:8 does not exist");
}

#[test]
fn bytes_that_are_no_graph_events_are_named() {
    let mut commits = log(&[]);
    commits.push(Forged { graph_bytes: vec![16, 0, 0], ..Forged::default() });
    refused(&commits, "graph event at section offset 0: cut short");
}

/// Page 3 is derived from 1 and 2, page 4 from 3; page 3 is stale; page 1 controls page 4.
fn derived_bus() -> Bus {
    let control = GraphEvent::EdgeAdded(edge(1, 4, EdgeKind::Control));
    let (sum, copy) = (derived(3, "sum", &[2, 1, 2]), derived(4, "", &[3]));
    open(&log(&[&[sum], &[copy, stale(3)], &[control]])).unwrap()
}

#[test]
fn registrations_and_flags_come_back() {
    let bus = derived_bus();
    let graph = bus.graph().unwrap();
    insta::assert_snapshot!(graph.to_string(), @"
    e4: 4 edges of 4 pages, 2 derived, 1 stale
      page:1 -> page:3 (data)
      page:1 -> page:4 (control)
      page:2 -> page:3 (data)
      page:3 -> page:4 (data)
    ");
    let told: Vec<_> =
        graph.derived().map(|(page, by)| format!("{page} by {:?} {:?}", by.name, by.inputs)).collect();
    insta::assert_snapshot!(told.join("; "), @r#"page:3 by "sum" [page:2, page:1, page:2]; page:4 by "" [page:3]"#);
    assert_eq!(graph.stale().collect::<Vec<_>>(), [PageId::new(3)]);
    assert_eq!(bus.at(Epoch::new(2)).unwrap().graph().stale().len(), 0);
    assert_eq!(bus.at(Epoch::new(1)).unwrap().graph().edge_count(), 0);
    assert_eq!(bus.check(), []);
}

#[test]
fn a_checkpoint_keeps_them() {
    let bus = derived_bus();
    let [before, after] = [(); 2].map(|()| {
        bus.checkpoint().unwrap();
        bus.write(PageId::new(2), 0, b"later").unwrap();
        bus.at(bus.epoch()).unwrap()
    });
    assert_eq!((before.graph(), after.graph()), (bus.graph().unwrap(), bus.graph().unwrap()));
    let kept = bus.branch(bus.epoch()).unwrap();
    assert_eq!(kept.graph().unwrap(), bus.graph().unwrap());
    assert_eq!(bus.check(), []);
}

#[test]
fn a_rewind_brings_registrations_and_flags_back() {
    let bus = derived_bus();
    let states: Vec<_> = (1..=4).map(|number| bus.at(Epoch::new(number)).unwrap().graph()).collect();
    for number in [1, 4, 2, 3, 1, 2, 4] {
        bus.rewind(Epoch::new(number)).unwrap();
        assert_eq!(bus.graph().unwrap(), states[number as usize - 1], "to e{number}");
        assert_eq!(bus.check(), []);
    }
}

#[test]
fn a_page_that_another_is_derived_from_stays_unless_both_go() {
    let bus = derived_bus();
    let [one, three, four] = [1, 3, 4].map(PageId::new);
    let error = bus.delete_page(three).unwrap_err();
    assert!(matches!(error, Error::HasDependents { page, dependent } if (page, dependent) == (three, four)));
    let both = "page:3 is derived from page:1: delete it in the same transaction, or end its registration";
    assert_eq!(bus.delete_page(one).unwrap_err().to_string(), both);
    let mut tx = bus.begin();
    tx.delete_page(three).unwrap();
    tx.delete_page(four).unwrap();
    tx.commit().unwrap();
    assert_eq!((bus.graph().unwrap().edge_count(), bus.check()), (0, vec![]));
    bus.delete_page(one).unwrap();
}

#[test]
fn data_edges_of_a_derived_page_follow_its_registration() {
    let bus = derived_bus();
    let [one, two, three, four] = [1, 2, 3, 4].map(PageId::new);
    bus.link(two, three, EdgeKind::Data).unwrap();
    for refused in [bus.link(one, four, EdgeKind::Data), bus.unlink(two, three, EdgeKind::Data)] {
        assert!(matches!(refused, Err(Error::DerivedPage { .. })), "{refused:?}");
    }
    bus.link(two, four, EdgeKind::Control).unwrap();
    bus.unlink(two, four, EdgeKind::Control).unwrap();
    assert_eq!(bus.check(), []);
}
