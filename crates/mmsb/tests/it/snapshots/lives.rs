//! How long a snapshot lives: beyond its bus, in clones on many threads, beside a bus open for reading.

use std::{collections::BTreeSet, sync::Barrier, thread};

use mmsb::{Builder, Bus, Error, PageId, Snapshot, View};

use super::{TINY, filled, saturate, shows_filled};

#[test]
fn a_snapshot_outlives_its_bus() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::builder().preimage_bytes(TINY).create(&path).unwrap();
    let pages = filled(&bus, 90);
    let aged = bus.snapshot();
    saturate(&bus, &pages, 3);
    let fresh = bus.snapshot();
    saturate(&bus, &pages[..2], 1);
    let other = bus.clone();
    bus.stop().unwrap();
    let late = other.snapshot();
    drop(other);
    assert!(aged.is_aged() && !fresh.is_aged());
    // The directory is free: somebody else may write on.
    let again = Bus::open(&path).unwrap();
    saturate(&again, &pages, 1);
    let show = |snapshot: &Snapshot| {
        let mut bytes = BTreeSet::new();
        snapshot
            .with_pages(&pages, &mut |_, page| {
                bytes.insert(page[0]);
            })
            .unwrap();
        bytes.into_iter().collect::<Vec<_>>()
    };
    shows_filled(&aged, &pages);
    assert_eq!(show(&fresh), [102]);
    assert_eq!(show(&late), [100, 102]);
    drop(again);
}

#[track_caller]
fn shows_through_clones(snapshot: Snapshot, pages: &[PageId]) {
    shows_filled(&snapshot, pages);
    let again = snapshot.clone();
    drop(snapshot);
    shows_filled(&again, pages);
}

#[test]
fn clones_on_many_threads_show_the_same_however_they_are_dropped() {
    let bus = Bus::in_memory().unwrap();
    let pages = filled(&bus, 60);
    let snapshot = bus.snapshot();
    let start = Barrier::new(5);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (snapshot, start, pages) = (snapshot.clone(), &start, &pages);
            scope.spawn(move || {
                start.wait();
                shows_through_clones(snapshot, pages);
            });
        }
        drop(snapshot);
        start.wait();
        saturate(&bus, &pages, 2);
    });
    assert_eq!(bus.memory().pin_count, 0);
}

#[test]
fn a_snapshot_of_a_bus_open_for_reading_shows_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let pages = filled(&bus, 3);
    let reader = Builder::default().open_read_only(dir.path().join("bus")).unwrap();
    saturate(&bus, &pages, 1);
    let snapshot = reader.snapshot();
    shows_filled(&snapshot, &pages);
    let missing = snapshot.read(PageId::new(99), 0, &mut [0]);
    assert!(matches!(missing, Err(Error::PageNotFound { .. })));
    drop((bus, reader));
    shows_filled(&snapshot, &pages);
}
