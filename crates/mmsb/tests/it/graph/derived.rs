//! Registrations and flags, as a log tells them: they come back, travel in time, and guard what they stand for.

use mmsb::{Bus, EdgeKind, Epoch, Error, GraphEvent, PageId};

use super::forged::{derived, edge, log, stale};
use crate::hostile::forge::open;

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
