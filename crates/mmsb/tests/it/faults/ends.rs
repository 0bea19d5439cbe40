//! Failures where a bus begins, ends, or is used by many.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Epoch, Error,
    vfs::{
        FaultyVfs,
        faulty::{Failure, FailureKind},
    },
};

use super::{PATH, bus_on, reopen};

/// Does it on new disks, each time with another write or sync failing for good, until none is left that could:
/// `act` makes the disk ready, plans the failure, and tells whether all went well.
#[track_caller]
fn fail_each_call(act: impl Fn(&FaultyVfs, &dyn Fn()) -> bool) {
    for kind in [FailureKind::NoSpace, FailureKind::Sync] {
        let attempt = |turn: u64| {
            let disk = FaultyVfs::new();
            let plan = || disk.fail(Failure { at: disk.call_count() + turn, kind, sticky: true });
            let went_well = act(&disk, &plan);
            assert!(went_well || disk.failure_count() > 0, "{kind:?} at call {turn}");
            (disk.failure_count() > 0).then_some(went_well)
        };
        let failed = (1..).map_while(attempt).filter(|went_well| !went_well).count();
        assert!(failed >= 2, "{failed} times told of {kind:?}");
    }
}

#[test]
fn a_closing_mark_that_cannot_be_written_is_told_and_costs_no_commit() {
    fail_each_call(|disk, plan| {
        let (bus, page) = bus_on(disk);
        plan();
        let stopped = bus.stop();
        let is_told = matches!(stopped, Err(Error::Io { .. }));
        assert_eq!(is_told, disk.failure_count() > 0, "{stopped:?}");
        let bus = reopen(disk);
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), 1);
        bus.stop().unwrap();
        stopped.is_ok()
    });
}

#[test]
fn a_creation_that_fails_leaves_nothing_behind_or_an_empty_bus() {
    fail_each_call(|disk, plan| {
        plan();
        let created = Bus::builder().create_on(Arc::new(disk.clone()), Path::new(PATH));
        if let Err(error) = &created {
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
            disk.mend();
            let again = Bus::builder().create_on(Arc::new(disk.clone()), Path::new(PATH));
            assert_eq!(again.unwrap_or_else(|_| reopen(disk)).epoch(), Epoch::ZERO);
        }
        created.is_ok()
    });
}

#[test]
fn many_threads_on_a_failing_disk_are_all_told() {
    let disk = FaultyVfs::new();
    let (bus, page) = bus_on(&disk);
    disk.fail(Failure { at: disk.call_count() + 20, kind: FailureKind::NoSpace, sticky: true });
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
