//! Graph edits beside commits and snapshots of other threads.

use std::thread;

use mmsb::{Bus, EdgeKind, Error, Snapshot};

use super::bus_with;

const TIMES: usize = 200;

#[test]
fn every_snapshot_has_the_graph_of_its_epoch_whoever_links_meanwhile() {
    let (bus, pages) = bus_with::<8>();
    let snapshots: Vec<Snapshot> = thread::scope(|scope| {
        let linkers = [0, 1].map(|half| {
            let (bus, pages) = (&bus, &pages[half * 4..half * 4 + 4]);
            scope.spawn(move || {
                for turn in 0..TIMES {
                    let [source, target] = [pages[turn % 3], pages[turn % 3 + 1]];
                    bus.link(source, target, EdgeKind::Data).unwrap();
                    bus.unlink(source, target, EdgeKind::Data).unwrap();
                }
            })
        });
        let writer = scope.spawn(|| {
            for turn in 0..TIMES * 4 {
                bus.put(pages[turn % 8], 0, &turn.to_le_bytes()).unwrap();
            }
        });
        let mut snapshots = Vec::new();
        while !(linkers.iter().all(|linker| linker.is_finished()) && writer.is_finished()) {
            snapshots.push(bus.snapshot());
            assert!(snapshots.last().unwrap().graph().unwrap().check().is_empty());
            if snapshots.len() > 40 {
                snapshots.remove(0);
            }
            thread::yield_now();
        }
        snapshots
    });
    for snapshot in &snapshots {
        assert_eq!(snapshot.graph().unwrap(), bus.at(snapshot.epoch()).unwrap().graph());
    }
    assert_eq!(bus.epoch().get() as usize, 1 + TIMES * 8, "each edit is one commit");
    assert_eq!(bus.check(), []);
}

#[test]
fn a_page_is_never_linked_and_gone() {
    for _ in 0..20 {
        let (bus, [a, b]) = bus_with();
        let (linked, deleted) = thread::scope(|scope| {
            let linker = scope.spawn(|| bus.link(a, b, EdgeKind::Data));
            let deleted = bus.delete_page(b);
            (linker.join().unwrap(), deleted)
        });
        assert!(deleted.is_ok(), "{deleted:?}");
        let is_right = linked.is_ok() || matches!(linked, Err(Error::PageNotFound { page, .. }) if page == b);
        assert!(is_right, "{linked:?}");
        assert_eq!((bus.graph().unwrap().edge_count(), bus.check()), (0, vec![]));
    }
}

#[test]
fn a_stopped_bus_takes_no_edges_and_shows_those_it_has() {
    let (bus, [a, b]) = bus_with();
    bus.link(a, b, EdgeKind::Data).unwrap();
    let again: Bus = bus.clone();
    bus.stop().unwrap();
    assert!(matches!(again.unlink(a, b, EdgeKind::Data), Err(Error::Stopped)));
    assert_eq!(again.graph().unwrap().edge_count(), 1);
}
