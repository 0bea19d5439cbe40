//! Who depends on whom: changed by commits, refused where it cannot be, the same however one looks at it.

mod branches;
mod derived;
pub(crate) mod forged;
mod history;
mod hostile;
mod shown;
mod threads;

use insta::assert_snapshot;
use mmsb::{Bus, Edge, EdgeKind, Error, PageId};

use EdgeKind::{Compiler, Control, Data, GpuSync};

/// A bus with so many pages.
fn bus_with<const N: usize>() -> (Bus, [PageId; N]) {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let pages = [(); N].map(|()| tx.create_page(None, 8).unwrap());
    tx.commit().unwrap();
    (bus, pages)
}

/// The edges as a line.
fn edges(bus: &Bus) -> String {
    let edges = bus.graph().unwrap().edges();
    edges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A refusal leaves the graph, the epoch and the order of things as they were.
#[track_caller]
fn check_refused<T: std::fmt::Debug>(bus: &Bus, act: impl FnOnce(&Bus) -> Result<T, Error>, what: &str) {
    let (before, epoch) = (bus.graph().unwrap(), bus.epoch());
    assert_eq!(act(bus).unwrap_err().to_string(), what);
    assert_eq!((bus.graph().unwrap(), bus.epoch()), (before, epoch));
    assert_eq!(bus.check(), []);
}

#[test]
fn an_edge_is_there_from_its_commit_on_until_that_of_its_end() {
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, Data).unwrap();
    bus.link(a, b, Control).unwrap();
    bus.link(b, c, Compiler).unwrap();
    assert_snapshot!(edges(&bus), @"page:1 -> page:2 (data), page:1 -> page:2 (control), page:2 -> page:3 (compiler)");
    let graph = bus.graph().unwrap();
    assert_eq!((graph.parents(c), graph.children(a)), (vec![b], vec![b]));
    assert_eq!((graph.ancestors(c), graph.descendants(a)), (vec![a, b], vec![b, c]));
    assert_eq!([a, b, c].map(|page| graph.depth(page)), [0, 1, 2]);
    bus.unlink(a, b, Data).unwrap();
    assert_snapshot!(edges(&bus), @"page:1 -> page:2 (control), page:2 -> page:3 (compiler)");
    assert_eq!(graph.edge_count(), 3, "a view never changes");
    assert_eq!(bus.check(), []);
}

#[test]
fn an_edge_that_is_there_is_linked_again_by_a_commit_without_change() {
    let (bus, [a, b]) = bus_with();
    bus.link(a, b, GpuSync).unwrap();
    bus.link(a, b, GpuSync).unwrap();
    let commits: Vec<_> = bus.commits().unwrap().map(|commit| commit.unwrap().graph.len()).collect();
    assert_eq!((commits, bus.graph().unwrap().edge_count()), (vec![0, 1, 0], 1));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, Data).unwrap();
    bus.link(b, c, Control).unwrap();
    let cycle = "edge page:3 -> page:1 closes the cycle page:3 -> page:1 -> page:2 -> page:3: take one of its other \
                 edges away first";
    check_refused(&bus, |bus| bus.link(c, a, GpuSync), cycle);
    let itself =
        "edge page:2 -> page:2 closes the cycle page:2 -> page:2: take one of its other edges away first";
    check_refused(&bus, |bus| bus.link(b, b, Data), itself);
    let none = "there is no edge page:1 -> page:2 (control): Bus::graph lists those there are";
    check_refused(&bus, |bus| bus.unlink(a, b, Control), none);
    let gone = PageId::new(9);
    let missing = "page:9 does not exist at e3: list the pages there, or ask another epoch";
    check_refused(&bus, |bus| bus.link(a, gone, Data), missing);
}

#[test]
fn a_transaction_that_is_refused_at_its_last_edge_leaves_none_of_them() {
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, Data).unwrap();
    let act = |bus: &Bus| {
        let mut tx = bus.begin();
        tx.unlink(a, b, Data)?;
        tx.link(b, c, Data)?;
        tx.link(c, a, Data)?;
        tx.link(a, b, Control)?;
        tx.commit()
    };
    check_refused(
        &bus,
        act,
        "edge page:1 -> page:2 closes the cycle page:1 -> page:2 -> page:3 -> page:1: take one of its other edges \
         away first",
    );
}

#[test]
fn a_page_that_is_gone_by_the_commit_takes_no_edge() {
    let (bus, [a, b]) = bus_with();
    let mut tx = bus.begin();
    tx.link(a, b, Data).unwrap();
    bus.delete_page(b).unwrap();
    assert!(matches!(tx.commit(), Err(Error::PageNotFound { page, .. }) if page == b));
    assert_eq!((bus.graph().unwrap().edge_count(), bus.check()), (0, vec![]));
}

#[test]
fn an_edge_turns_round_in_one_transaction() {
    let (bus, [a, b]) = bus_with();
    bus.link(a, b, Data).unwrap();
    let mut tx = bus.begin();
    tx.unlink(a, b, Data).unwrap();
    tx.link(b, a, Data).unwrap();
    tx.commit().unwrap();
    assert_snapshot!(edges(&bus), @"page:2 -> page:1 (data)");
    assert_eq!(bus.check(), []);
}

#[test]
fn what_a_transaction_takes_back_is_not_logged() {
    let (bus, [a, b]) = bus_with();
    bus.link(a, b, Data).unwrap();
    let mut tx = bus.begin();
    tx.unlink(a, b, Data).unwrap();
    tx.link(a, b, Data).unwrap();
    tx.link(a, b, Control).unwrap();
    tx.unlink(a, b, Control).unwrap();
    tx.commit().unwrap();
    assert_eq!(bus.commits().unwrap().last().unwrap().unwrap().graph, []);
    assert_snapshot!(edges(&bus), @"page:1 -> page:2 (data)");
}

#[test]
fn a_deleted_page_takes_its_edges_with_it() {
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, Data).unwrap();
    bus.link(b, c, Control).unwrap();
    bus.link(a, c, Data).unwrap();
    bus.delete_page(b).unwrap();
    assert_snapshot!(edges(&bus), @"page:1 -> page:3 (data)");
    let told = bus.commits().unwrap().last().unwrap().unwrap().graph;
    let [one, other] = [Edge::new(a, b, Data), Edge::new(b, c, Control)].map(mmsb::GraphEvent::EdgeRemoved);
    assert_eq!(told, [one, other]);
    assert_eq!(bus.check(), []);
}

#[test]
fn a_transaction_may_link_pages_of_its_own_and_delete_what_it_linked() {
    let (bus, [a, b, x]) = bus_with();
    bus.link(a, x, Data).unwrap();
    bus.link(x, b, Data).unwrap();
    let mut tx = bus.begin();
    let own = tx.create_page(None, 8).unwrap();
    let passing = tx.create_page(None, 8).unwrap();
    tx.link(own, a, Data).unwrap();
    tx.link(passing, x, Control).unwrap();
    // It fits because the way from a to b has ended by then.
    tx.unlink(a, x, Data).unwrap();
    tx.link(b, a, Control).unwrap();
    tx.delete_page(x).unwrap();
    tx.delete_page(passing).unwrap();
    tx.commit().unwrap();
    assert_snapshot!(edges(&bus), @"page:2 -> page:1 (control), page:4 -> page:1 (data)");
    assert_eq!(bus.check(), []);
}

#[test]
fn a_page_that_comes_back_by_a_rewind_has_its_edges_again() {
    let mut told = Vec::new();
    for builder in [Bus::builder(), Bus::builder().undo(0, 0)] {
        let bus = builder.in_memory().unwrap();
        let [a, b, c] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
        bus.link(a, b, Data).unwrap();
        let target = bus.link(b, c, Control).unwrap().epoch;
        bus.unlink(b, c, Control).unwrap();
        bus.link(c, b, GpuSync).unwrap();
        bus.delete_page(b).unwrap();
        let d = bus.create_page(None, 8).unwrap();
        bus.link(c, d, Data).unwrap();
        let rewound = bus.rewind(target).unwrap();
        told.push(edges(&bus));
        assert!(bus.at(rewound.epoch).unwrap().graph() == bus.at(target).unwrap().graph());
        bus.rewind(mmsb::Epoch::new(rewound.epoch.get() - 1)).unwrap();
        told.push(edges(&bus));
        assert_eq!(bus.check(), []);
    }
    assert_snapshot!(told.join("\n"), @"
    page:1 -> page:2 (data), page:2 -> page:3 (control)
    page:3 -> page:4 (data)
    page:1 -> page:2 (data), page:2 -> page:3 (control)
    page:3 -> page:4 (data)
    ");
}
