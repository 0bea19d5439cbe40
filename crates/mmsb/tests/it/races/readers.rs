//! Who looks while others commit sees commits, whole, and at once.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb::{Bus, Error, PageId};

use crate::together::at_once;

/// Commits, and looks each commit up at once.
fn look_up_each(bus: &Bus, page: PageId) {
    for round in 0..200u64 {
        let noise: Vec<u8> = (0..60_000u64).map(|at| (at * (round + 7) / 3) as u8).collect();
        let epoch = bus.capture(page, noise).unwrap().epoch;
        match bus.at(epoch) {
            Ok(past) => assert_eq!(past.epoch(), epoch),
            Err(error) => assert!(matches!(error, Error::HistoryGone { .. }), "{error}"),
        }
    }
}

#[test]
fn a_commit_can_be_looked_up_as_soon_as_it_returns() {
    let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
    let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 60_000).unwrap()).collect();
    at_once(4, |thread| look_up_each(&bus, pages[thread as usize]));
    assert_eq!(bus.check(), []);
}

fn count_up(bus: &Bus, one: PageId, other: PageId) {
    for count in 1..=400u64 {
        let mut tx = bus.begin().label(count);
        tx.put(one, 0, &count).unwrap();
        tx.capture(other, vec![count as u8; 100_000]).unwrap();
        tx.commit().unwrap();
    }
}

/// Opens the bus beside its writer: what is there, once the pages are, is one commit, whole.
#[track_caller]
fn look_once(path: &Path) -> Option<u64> {
    let reader = Bus::open_read_only(path).unwrap();
    let (one, other) = (reader.page("one")?, reader.page("other")?);
    let count: u64 = reader.get(one, 0).unwrap();
    assert!(reader.with_page(other, |bytes| bytes.iter().all(|&byte| byte == count as u8)).unwrap());
    assert!(count == 0 || reader.at_label(count).unwrap().epoch() == reader.epoch());
    Some(count)
}

#[test]
fn readers_beside_a_writer_see_commits_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let (one, other) = (bus.create_page("one", 8).unwrap(), bus.create_page("other", 100_000).unwrap());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            count_up(&bus, one, other);
            done.store(true, Ordering::Relaxed);
        });
        let mut newest = 0;
        while !done.load(Ordering::Relaxed) {
            let Some(count) = look_once(&path) else { continue };
            assert!(count >= newest, "a later look shows an older state");
            newest = count;
        }
    });
    assert_eq!(Bus::open_read_only(&path).unwrap().get::<u64>(one, 0).unwrap(), 400);
}
