//! Each thing that memory can get wrong is told by its own rule.

use mmsb_page::Marks;
use mmsb_types::{Edge, EdgeKind, GraphEvent, PageEvent, PageId};

use super::cycle;
use crate::{
    Bus,
    graph::{GraphEdit, Wanted},
};

const ONE: PageId = PageId::new(1);
const NINE: PageId = PageId::new(9);

/// Makes a sound bus with two pages and an edge, breaks something behind its back, and compares what is told.
#[track_caller]
fn check(spoil: impl FnOnce(&Bus), expect: &[&str]) {
    let bus = Bus::in_memory().unwrap();
    let [one, two] = ["one", "two"].map(|name| bus.create_page(name, 8).unwrap());
    bus.link(one, two, EdgeKind::Control).unwrap();
    assert_eq!(bus.validate(), []);
    spoil(&bus);
    let found: Vec<String> = bus.check().iter().map(ToString::to_string).collect();
    assert_eq!(found, expect);
}

fn name(bus: &Bus, page: PageId, name: &str) {
    let event = PageEvent::Named { page, name: Some(name.to_owned()) };
    bus.catalogue().change(&[event], |_, _| false).unwrap().publish(bus.epoch());
}

fn link(bus: &Bus, target: PageId) {
    let edits = [GraphEdit::Event(GraphEvent::EdgeAdded(Edge::new(ONE, target, EdgeKind::Data)))];
    let wanted = Wanted { edits: &edits, is_exact: true, lives: &|_| true, epoch: bus.epoch() };
    let held = bus.graph_lock().lock();
    bus.graph_lock().change(&held, &wanted, |_| false).unwrap().publish(bus.epoch());
}

#[test]
fn a_page_that_the_log_does_not_know_is_told() {
    check(
        |bus| bus.store().prepare(NINE, 8).unwrap().publish(bus.epoch()),
        &["mmsb/replay-equals-live at page:9: not in the log"],
    );
}

#[test]
fn names_that_the_log_does_not_know_are_told() {
    check(|bus| name(bus, ONE, "uno"), &["mmsb/names-equal-log at page:1: names differ"]);
    check(
        |bus| name(bus, NINE, "nine"),
        &["mmsb/names-lead-to-pages at page:9: named \"nine\", but dead or otherwise named"],
    );
}

#[test]
fn an_edge_that_the_log_does_not_know_is_told() {
    check(|bus| link(bus, PageId::new(2)), &["mmsb/graph-equals-log at the whole: the graphs differ"]);
    check(
        |bus| link(bus, NINE),
        &[
            "mmsb/graph-of-living-pages at page:9: has edges, but does not live",
            "mmsb/graph-equals-log at the whole: the graphs differ",
        ],
    );
}

#[test]
fn a_page_that_is_marked_otherwise_than_the_graph_says_is_told() {
    let marks = Marks { has_dependents: true, is_derived: true };
    check(
        |bus| assert!(bus.store().set_marks(ONE, marks)),
        &["mmsb/graph-marks at page:1: its word tells Marks { has_dependents: true, is_derived: true }, \
           the graph Marks { has_dependents: true, is_derived: false }"],
    );
}

#[test]
fn pages_that_depend_on_each_other_are_a_cycle() {
    assert_eq!(cycle(&[ONE]), None);
    let found = cycle(&[ONE, NINE]).unwrap().to_string();
    assert_eq!(found, "graph/no-cycle at page:1: a cycle of [page:1, page:9]");
}
