//! Failures where a bus begins, ends, or is used by many.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, Epoch, Error};

use super::{PATH, bus_on, reopen};
use crate::faulty::FaultyVfs;

#[test]
fn a_closing_mark_that_cannot_be_written_is_told_and_costs_no_commit() {
    for (writes, syncs) in [(0, 9), (1, 0), (1, 1)] {
        let disk = FaultyVfs::new();
        let (bus, page) = bus_on(&disk);
        disk.fail_writes_after(writes);
        disk.fail_syncs_after(syncs);
        let stopped = bus.stop();
        assert!(matches!(stopped, Err(Error::Io { .. })), "{writes} writes, {syncs} syncs: {stopped:?}");
        let bus = reopen(&disk);
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), 1);
        bus.stop().unwrap();
    }
}

#[test]
fn a_creation_that_fails_leaves_nothing_behind() {
    for (writes, syncs) in [(0, 9), (1, 9), (9, 0), (9, 1)] {
        let disk = FaultyVfs::new();
        disk.fail_writes_after(writes);
        disk.fail_syncs_after(syncs);
        let created = Bus::builder().create_on(Arc::new(disk.clone()), Path::new(PATH));
        assert!(matches!(created, Err(Error::Io { .. })), "{created:?}");
        disk.mend();
        Bus::builder().create_on(Arc::new(disk), Path::new(PATH)).unwrap();
    }
}

#[test]
fn many_threads_on_a_failing_disk_are_all_told() {
    let disk = FaultyVfs::new();
    let (bus, page) = bus_on(&disk);
    disk.fail_writes_after(20);
    let acknowledged = std::thread::scope(|scope| {
        let commit = || {
            let mut newest = Epoch::ZERO;
            loop {
                match bus.put(page, 0, &5u64) {
                    Ok(committed) => newest = newest.max(committed.epoch),
                    Err(Error::OutcomeUnknown { .. } | Error::Poisoned { .. } | Error::Io { .. }) => {
                        return newest;
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(commit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    drop(bus);
    let bus = reopen(&disk);
    assert!(bus.epoch() >= acknowledged, "{acknowledged} was acknowledged, {} is there", bus.epoch());
    assert_eq!(bus.check(), []);
}
