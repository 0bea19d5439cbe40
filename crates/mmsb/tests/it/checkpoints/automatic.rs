//! Checkpoints that a bus makes by itself.

mod indexes;

use std::sync::Arc;

use mmsb::{
    Bus, CheckpointEvery, Durability,
    vfs::{
        FaultyVfs, MemoryVfs, Vfs,
        faulty::{Failure, FailureKind},
    },
};

use super::{Disk, fill_log};

/// Commits until `is_done`, or so often that it never will be.
#[track_caller]
fn commit_until(bus: &Bus, is_done: impl Fn() -> bool) -> u64 {
    let page = bus.create_page(None, 1000).unwrap();
    for turn in 0..10_000_000u64 {
        if is_done() {
            return turn;
        }
        let mut tx = bus.begin().durability(Durability::Written);
        tx.put(page, 0, &turn).unwrap();
        tx.commit().unwrap();
    }
    panic!("it never happened: {}", bus.stats());
}

#[test]
fn enough_commits_make_a_checkpoint() {
    let disk = Disk::new();
    let every = CheckpointEvery { commits: Some(100), ..CheckpointEvery::NEVER };
    let bus = Disk::builder().checkpoint_every(every).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    commit_until(&bus, || bus.stats().checkpoints.made_count >= 2);
    let stats = bus.stats();
    assert!(stats.checkpoints.newest.get() >= 200 && stats.checkpoints.failure_count == 0, "{stats}");
    drop(bus);
    assert_eq!(disk.open().check(), []);
}

#[test]
fn enough_log_makes_a_checkpoint() {
    let disk = Disk::new();
    let every = CheckpointEvery { log_bytes: Some(20_000), ..CheckpointEvery::NEVER };
    let bus = Disk::builder().checkpoint_every(every).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    commit_until(&bus, || bus.stats().checkpoints.made_count >= 2);
    assert!(bus.stats().log.bytes >= 40_000);
}

#[test]
fn a_checkpoint_that_fails_is_told_and_hurts_no_commit() {
    let disk = FaultyVfs::new();
    let every = CheckpointEvery { commits: Some(50), ..CheckpointEvery::NEVER };
    let builder = Disk::builder().checkpoint_every(every).segment_bytes(64 << 20);
    let bus = builder.create_on(Arc::new(disk.clone()), Disk::path()).unwrap();
    // Commits go to a file that is there already, long enough for all of them; a checkpoint needs one of its own.
    disk.fail(Failure { at: 0, kind: FailureKind::Names, sticky: true });
    commit_until(&bus, || bus.stats().checkpoints.failure_count > 1);
    assert_eq!(bus.stats().checkpoints.made_count, 0);
    disk.mend();
    commit_until(&bus, || bus.stats().checkpoints.made_count > 0);
    bus.stop().unwrap();
}

#[test]
fn a_bus_that_stops_with_much_log_leaves_a_checkpoint() {
    for (log_commits, is_stopped, expected) in [(1200, true, 1), (1200, false, 0), (100, true, 0)] {
        let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
        let bus = Bus::builder().create_on(vfs.clone(), Disk::path()).unwrap();
        let page = bus.create_page(None, 4000).unwrap();
        fill_log(&bus, page, log_commits);
        if is_stopped {
            bus.stop().unwrap();
        } else {
            drop(bus);
        }
        let checkpoints = vfs.list(Disk::path()).unwrap();
        let count = checkpoints.iter().filter(|name| name.starts_with("ckpt-")).count();
        assert_eq!(count, expected, "{log_commits} commits, stopped: {is_stopped}: {checkpoints:?}");
    }
}
