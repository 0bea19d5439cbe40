//! Hashes of states: equal for equal states however they came about, told by the log, held against a replay.

mod replayed;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use insta::assert_snapshot;
use mmsb::{
    Builder, Bus, CheckpointEvery, Epoch, PageId, ReplayVerified, StateHash, state_hash, verify_replay_of,
    vfs::MemoryVfs,
};
use mmsb_testkit::Driver;
use mmsb_tlog::{Cursor, LogDir, Reader, Record, Scan};

const PATH: &str = "bus";

fn builder(every: u64) -> Builder {
    Bus::builder().state_hash_every(every).instance_id([7; 16]).checkpoint_every(CheckpointEvery::NEVER)
}

fn create(vfs: &Arc<MemoryVfs>, every: u64) -> Bus {
    builder(every).create_on(vfs.clone(), Path::new(PATH)).unwrap()
}

fn dir(vfs: &Arc<MemoryVfs>) -> LogDir {
    LogDir::open(vfs.clone(), Path::new(PATH)).unwrap()
}

fn verified(vfs: &Arc<MemoryVfs>) -> ReplayVerified {
    verify_replay_of(dir(vfs), |_| {}).unwrap()
}

/// The hashes that the log tells.
fn told(vfs: &Arc<MemoryVfs>) -> BTreeMap<Epoch, StateHash> {
    let (dir, mut told) = (dir(vfs), BTreeMap::new());
    let mut reader = Reader::new(&dir, Cursor::first(&dir), Scan::run(&dir).unwrap().end.lsn).unwrap();
    while let Some(record) = reader.next_record().unwrap() {
        if let Record::State(mark) = record {
            told.insert(Epoch::new(mark.number), StateHash(mark.hash));
        }
    }
    told
}

/// Asserts that the log tells hashes, each that of the state computed from scratch, and that a replay agrees.
#[track_caller]
fn check(vfs: &Arc<MemoryVfs>, hashes_min: u64) {
    let bus = Bus::builder().read_on(vfs.clone(), Path::new(PATH)).unwrap();
    let told = told(vfs);
    for (&epoch, &hash) in &told {
        assert_eq!(state_hash(&bus.at(epoch).unwrap()).unwrap(), hash, "{epoch}");
    }
    let found = verified(vfs);
    assert_eq!((&found.difference, found.last, found.equal), (&None, bus.epoch(), bus.epoch()));
    assert_eq!((found.hash, found.hash_count), (state_hash(&bus).unwrap(), told.len() as u64));
    assert!(found.hash_count >= hashes_min, "{found:?}");
}

#[test]
fn every_hash_is_that_of_its_state_whatever_was_done_to_it() {
    for (seed, every) in [(1, 1), (2, 3), (3, 16)] {
        let (vfs, mut driver) = (Arc::new(MemoryVfs::new()), Driver::with_short_pages(seed));
        let bus = create(&vfs, every);
        for turn in 0..120 {
            driver.step(&bus);
            if turn % 40 == 39 {
                driver.rewind(&bus, 20);
            }
        }
        bus.stop().unwrap();
        let bus = builder(every).open_on(vfs.clone(), Path::new(PATH)).unwrap();
        (0..40).for_each(|_| driver.step(&bus));
        bus.checkpoint().unwrap();
        (0..20).for_each(|_| driver.step(&bus));
        bus.stop().unwrap();
        check(&vfs, driver.model().epoch().get() / every / 2);
        assert_eq!(verified(&vfs).checkpoint_count, 1);
    }
}

#[test]
fn unrelated_writes_hash_alike_in_any_order() {
    let hash = |order: [usize; 3]| {
        let bus = Bus::in_memory().unwrap();
        let pages: Vec<PageId> = (1..=3).map(|len| bus.create_page(None, 100 * len).unwrap()).collect();
        for at in order {
            bus.write(pages[at], 10, [at as u8 + 1; 50]).unwrap();
        }
        bus.put(pages[0], 80, &0u64).unwrap();
        state_hash(&bus).unwrap()
    };
    assert_eq!(hash([0, 1, 2]), hash([2, 1, 0]));
    assert_eq!(hash([0, 1, 2]), hash([1, 2, 0]));
    // What is hashed is part of the format: the same on every machine and in every build.
    assert_snapshot!(hash([0, 1, 2]), @"6e1c99211b1979b8d3e3f6887bc36cde60be98a154af8b9f700b09813bfc85d1");
}

#[test]
fn ids_lengths_names_and_bytes_all_count() {
    let with = |make: &dyn Fn(&Bus)| {
        let bus = Bus::in_memory().unwrap();
        make(&bus);
        state_hash(&bus).unwrap()
    };
    let hashes = [
        with(&|_| ()),
        with(&|bus| {
            bus.create_page(None, 8).unwrap();
        }),
        with(&|bus| {
            bus.create_page(None, 9).unwrap();
        }),
        with(&|bus| {
            bus.create_page("a", 8).unwrap();
        }),
        with(&|bus| {
            bus.create_page("b", 8).unwrap();
        }),
        with(&|bus| {
            let page = bus.create_page(None, 8).unwrap();
            bus.put(page, 0, &1u8).unwrap();
        }),
        with(&|bus| {
            let [first, _] = [(); 2].map(|()| bus.create_page(None, 8).unwrap());
            bus.delete_page(first).unwrap();
        }),
    ];
    let distinct: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len(), "{hashes:?}");
}
