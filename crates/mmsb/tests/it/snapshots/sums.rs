//! Threads move sums between pages; every snapshot, listed or by name, sees all of it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb::{Bus, Durability, Error, PageId, Snapshot, View};
use mmsb_testkit::Rng;

use super::{TINY, TOTAL};

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Moves something from one page to another, or a page's all to a newborn page that takes its name, too.
fn transfer(bus: &Bus, rng: &mut Rng) -> Result<(), Error> {
    let (from, to) = (rng.below(8), rng.below(8));
    let page = |index: usize| bus.page(NAMES[index]).ok_or(Error::Conflict { page: PageId::FIRST });
    let mut tx = bus.begin().durability(Durability::Volatile);
    let balance: u64 = tx.get(page(from)?, 0)?;
    if rng.once_in(4) {
        tx.delete_page(page(from)?)?;
        let born = tx.create_page(NAMES[from], 8 + rng.below(3000))?;
        tx.put(born, 0, &balance)?;
    } else if from != to {
        let (amount, other) = (rng.any() % (balance + 1), tx.get::<u64>(page(to)?, 0)?);
        tx.put(page(from)?, 0, &(balance - amount))?;
        tx.put(page(to)?, 0, &(other + amount))?;
    }
    tx.commit().map(drop)
}

/// Sums over all pages that a snapshot lists.
fn sum_listed(snapshot: &Snapshot) -> u64 {
    let pages: Vec<_> = snapshot.pages().unwrap().iter().map(|info| info.page).collect();
    assert_eq!(pages.len(), 8, "at {}: {pages:?}", snapshot.epoch());
    let mut sum = 0;
    let add = &mut |_, bytes: &[u8]| sum += u64::from_le_bytes(bytes[..8].try_into().unwrap());
    snapshot.with_pages(&pages, add).unwrap();
    sum
}

/// Sums over the pages that a snapshot finds by name.
fn sum_named(snapshot: &Snapshot) -> u64 {
    let balance = |name| snapshot.get::<u64>(snapshot.page(name).unwrap().expect(name), 0).unwrap();
    NAMES.map(balance).iter().sum()
}

/// The pages, each with its part of the sum.
fn create_pages(bus: &Bus) {
    let mut tx = bus.begin();
    for name in NAMES {
        let page = tx.create_page(name, 64).unwrap();
        tx.put(page, 0, &(TOTAL / 8)).unwrap();
    }
    tx.commit().unwrap();
}

fn transfer_often(bus: &Bus, seed: u64, rounds: u64) {
    let mut rng = Rng::new(seed);
    for _ in 0..rounds {
        match transfer(bus, &mut rng) {
            Ok(()) => {}
            Err(Error::Conflict { .. } | Error::PageNotFound { .. } | Error::NameTaken { .. }) => {
                thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Looks at new snapshots and at one that is held for a while, until the writers are done.
fn watch(bus: &Bus, done: &AtomicBool) {
    let mut old = bus.snapshot();
    while !done.load(Ordering::Relaxed) {
        let snapshot = bus.snapshot();
        assert_eq!((sum_named(&snapshot), sum_listed(&snapshot)), (TOTAL, TOTAL), "{snapshot:?}");
        assert_eq!((sum_named(&old), sum_listed(&old)), (TOTAL, TOTAL), "{old:?} held");
        if snapshot.epoch().get().is_multiple_of(4) {
            old = snapshot;
        }
    }
}

/// Two threads move sums between pages, and from dying to newborn ones; every snapshot sees all of it.
#[track_caller]
fn sums_are_constant(bus: &Bus, rounds: u64) {
    create_pages(bus);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = |seed| scope.spawn(move || transfer_often(bus, seed, rounds));
        let writers = [0, 1].map(write);
        for _ in 0..2 {
            scope.spawn(|| watch(bus, &done));
        }
        let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    assert_eq!(bus.check(), []);
}

#[test]
fn every_snapshot_sees_whole_commits() {
    sums_are_constant(&Bus::builder().preimage_bytes(64 << 20).volatile().unwrap(), 3000);
}

#[test]
fn every_snapshot_sees_whole_commits_also_when_it_ages() {
    sums_are_constant(&Bus::builder().preimage_bytes(TINY).in_memory().unwrap(), 1500);
}
