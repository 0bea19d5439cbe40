//! Power cuts at every step of checkpoints, tags and compactions: what was durable is there, and whole.

use std::sync::Arc;

use mmsb::{Bus, Durability, Epoch, Error, PageId, Retention};
use mmsb_tlog::vfs::{
    FaultyVfs,
    faulty::{Crash, Moment},
};

use super::Disk;

/// What was promised by the time a call of the disk returned.
struct Promise {
    call: u64,
    durable: Epoch,
    tag: Option<Epoch>,
}

/// Rounds of commits that each leave their number in the page, all but the last unsynced; every round ends with a
/// checkpoint, some with a tag or a compaction.
fn work(disk: &FaultyVfs) -> Vec<Promise> {
    let bus =
        Disk::builder().segment_bytes(64 << 10).create_on(Arc::new(disk.clone()), Disk::path()).unwrap();
    let page = bus.create_page("it", 2000).unwrap();
    let (mut promises, mut tagged) = (Vec::new(), None);
    let mut promise = |durable: Epoch, tag| promises.push(Promise { call: disk.call_count(), durable, tag });
    for round in 0..5 {
        (0..40).for_each(|turn| commit_varied(&bus, page, (round, turn)));
        let made = bus.checkpoint().unwrap();
        promise(made.epoch, tagged);
        if round == 1 {
            bus.tag("tagged", made.epoch).unwrap();
            tagged = Some(made.epoch);
            promise(made.epoch, tagged);
        }
        if round >= 3 {
            let compacted = bus.compact_to(Retention::Epochs(30)).unwrap();
            assert!(compacted.segment_count > 0, "{compacted:?}");
        }
        let synced = commit_synced(&bus, page);
        promise(synced, tagged);
    }
    promises
}

fn commit_varied(bus: &Bus, page: PageId, (round, turn): (usize, usize)) {
    let mut tx = bus.begin().durability(Durability::Volatile);
    tx.write(page, 500, super::varied(round * 40 + turn)).unwrap();
    tx.write(page, 1500, &super::varied(turn)[..400]).unwrap();
    tx.put(page, 0, &(bus.epoch().get() + 1)).unwrap();
    tx.commit().unwrap();
}

fn commit_synced(bus: &Bus, page: PageId) -> Epoch {
    let mut tx = bus.begin().durability(Durability::Synced);
    tx.put(page, 0, &(bus.epoch().get() + 1)).unwrap();
    tx.commit().unwrap().epoch
}

/// Asserts that the disk that a power cut leaves holds what was promised; opening it twice finds the same.
#[track_caller]
fn check(moment: &Moment, crash: Crash, promises: &[Promise]) {
    let call = moment.call().number;
    let promise = promises.iter().rev().find(|promise| promise.call <= call);
    let (durable, tag) = promise.map_or((Epoch::ZERO, None), |promise| (promise.durable, promise.tag));
    let disk = Arc::new(moment.crash(&moment.decide(crash)));
    let open = || Disk::builder().open_on(disk.clone(), Disk::path());
    let bus = match open() {
        // The bus itself was not there yet.
        Err(Error::NotABus { .. }) if promise.is_none() => return,
        opened => opened.unwrap_or_else(|error| panic!("{crash:?} after {}: {error}", moment.call())),
    };
    let epoch = bus.epoch();
    assert!(epoch >= durable, "{crash:?} after {}: {epoch}, {durable} was durable", moment.call());
    if let Some(page) = bus.page("it").filter(|_| epoch > Epoch::new(1)) {
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), epoch.get(), "{crash:?} after {}", moment.call());
        let oldest = bus.at(bus.oldest()).unwrap();
        assert!(
            oldest.epoch() <= Epoch::new(1) || oldest.get::<u64>(page, 0).unwrap() == oldest.epoch().get()
        );
        if let Some(tag) = tag {
            assert_eq!(bus.at_tag("tagged").unwrap().get::<u64>(page, 0).unwrap(), tag.get());
        }
    }
    drop(bus);
    assert_eq!(open().unwrap().epoch(), epoch, "{crash:?} after {}, opened again", moment.call());
}

#[test]
fn after_any_power_cut_what_was_durable_is_there() {
    let disk = FaultyVfs::new();
    disk.record();
    let promises = work(&disk);
    let moments = disk.take_moments();
    println!("{} moments", moments.len());
    for (index, moment) in moments.iter().enumerate() {
        let seed = index as u64;
        for crash in [Crash::Lose, Crash::Keep, Crash::Seeded(seed), Crash::Seeded(seed | 1 << 32)] {
            check(moment, crash, &promises);
        }
    }
}
