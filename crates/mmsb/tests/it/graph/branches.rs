//! A branch has a graph of its own.

use insta::assert_snapshot;
use mmsb::{EdgeKind, diff};

use super::{bus_with, edges};

#[test]
fn pages_that_two_branches_create_are_compared_by_name() {
    let (bus, [a]) = bus_with();
    let [one, other] = [(); 2].map(|()| bus.branch(bus.epoch()).unwrap());
    other.create_page(None, 8).unwrap();
    let [left, right] = [&one, &other].map(|branch| branch.create_page("mine", 8).unwrap());
    assert_ne!(left, right);
    one.link(a, left, EdgeKind::Data).unwrap();
    other.link(a, right, EdgeKind::Data).unwrap();
    assert_eq!(diff(&one, &other).unwrap().graph, []);
    other.link(a, right, EdgeKind::Control).unwrap();
    assert_snapshot!(diff(&one, &other).unwrap().graph[0], @"the edge page:1 -> page:2 (control) only on the right");
}

#[test]
fn a_branch_has_edges_of_its_own_and_marks_what_it_leaves_behind() {
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, EdgeKind::Control).unwrap();
    let fork = bus.branch(bus.epoch()).unwrap();
    fork.put(c, 0, &1u64).unwrap();
    assert_eq!(fork.graph().unwrap(), bus.graph().unwrap());
    fork.put(a, 0, &1u64).unwrap();
    fork.link(b, c, EdgeKind::Control).unwrap();
    assert_snapshot!(fork.graph().unwrap(), @"
    e5: 2 edges of 3 pages, 0 derived, 1 stale
      page:1 -> page:2 (control)
      page:2 -> page:3 (control)
    ");
    assert_eq!(fork.graph().unwrap().stale().collect::<Vec<_>>(), [b]);
    assert_snapshot!(edges(&bus), @"page:1 -> page:2 (control)");
    let cycle = fork.link(c, a, EdgeKind::Data).unwrap_err();
    assert!(matches!(cycle, mmsb::Error::Cycle { pages } if pages == [c, a, b]));
    fork.unlink(a, b, EdgeKind::Control).unwrap();
    assert_eq!(fork.graph().unwrap().stale().len(), 0, "the flag goes with the last edge");
    fork.delete_page(b).unwrap();
    assert_eq!(fork.graph().unwrap().edge_count(), 0);
}

#[test]
fn a_kept_branch_opens_with_its_graph() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, [a, b, c]) = bus_with();
    bus.link(a, b, EdgeKind::Control).unwrap();
    let fork = bus.branch(bus.epoch()).unwrap();
    fork.put(a, 0, &1u64).unwrap();
    fork.link(b, c, EdgeKind::Data).unwrap();
    let kept = fork.keep(dir.path().join("kept.mmsb")).unwrap();
    assert_eq!(kept.graph().unwrap(), fork.graph().unwrap());
    assert_eq!(kept.at(fork.base()).unwrap().graph(), bus.graph().unwrap());
    assert_eq!(kept.check(), []);
}
