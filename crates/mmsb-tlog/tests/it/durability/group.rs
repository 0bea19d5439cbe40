//! Group commit: one sync for all who wait, beside which others write; a failed one is told to all.

use std::{thread, time::Duration};

use mmsb_tlog::{Log, LogError, LogOptions, Scan, SyncEvery};
use mmsb_types::Durability;

use crate::{
    common::{commit, commits, create, plain, single, try_open, wait_until_synced},
    faulty::{Action, Faulty},
};

const WAITERS: u64 = 64;

/// A log without threads of its own, so that only who waits writes and syncs.
fn quiet_log() -> (Faulty, mmsb_tlog::LogDir, Log) {
    let disk = Faulty::default();
    let dir = create(disk.clone(), std::path::Path::new("/bus"));
    let log = try_open(&dir, LogOptions { background: false, ..LogOptions::default() }).unwrap();
    disk.plan().actions.clear();
    (disk, dir, log)
}

/// Many threads commit and wait, while the first one's sync is held until all have published; returns what each
/// of them was told.
fn crowd(disk: &Faulty, log: &Log) -> Vec<Result<(), LogError>> {
    disk.hold_syncs();
    thread::scope(|scope| {
        let work = |turn| log.wait(commit(log, &plain(turn, "x")), Durability::Synced);
        let threads: Vec<_> = (0..WAITERS).map(|turn| scope.spawn(move || work(turn))).collect();
        while log.published() < WAITERS {
            thread::yield_now();
        }
        disk.wait_for_sync();
        disk.release_syncs();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn syncs(disk: &Faulty) -> usize {
    disk.plan().actions.iter().filter(|action| matches!(action, Action::Sync { .. })).count()
}

#[test]
fn one_sync_serves_all_who_have_come_meanwhile() {
    let (disk, dir, log) = quiet_log();
    assert!(crowd(&disk, &log).iter().all(Result::is_ok));
    assert!(syncs(&disk) <= 2, "{} syncs for {WAITERS} threads", syncs(&disk));
    assert_eq!(log.reached(WAITERS), Durability::Synced);
    drop(log);
    assert_eq!(commits(&dir).len() as u64, WAITERS);
}

#[test]
fn a_failed_sync_is_told_to_all_who_wait_and_nothing_is_written_after_it() {
    let (disk, dir, log) = quiet_log();
    disk.plan().syncs_left = Some(0);
    let told = crowd(&disk, &log);
    let original = told.iter().filter(|told| matches!(told, Err(LogError::Io { operation: "syncing", .. })));
    assert_eq!(original.count(), 1, "one of them has seen it happen");
    let others = told.iter().filter(|told| matches!(told, Err(LogError::Poisoned { .. })));
    assert_eq!(others.count() as u64, WAITERS - 1);
    let written = disk.plan().actions.len();
    drop(log);
    assert_eq!((written, disk.plan().actions.len()), (1, 1), "the batch before the failed sync is all");
    assert_eq!(Scan::run(&dir).unwrap().synced_through, 0);
}

#[test]
fn writing_goes_on_beside_a_sync() {
    let (disk, _, log) = quiet_log();
    disk.hold_syncs();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| log.wait(commit(&log, &single("first")), Durability::Synced));
        disk.wait_for_sync();
        let number = commit(&log, &single("beside"));
        log.wait(number, Durability::Written).unwrap();
        assert_eq!(log.reached(number), Durability::Written);
        disk.release_syncs();
        waiter.join().unwrap().unwrap();
        assert_eq!((log.reached(1), log.reached(number)), (Durability::Synced, Durability::Written));
    });
}

#[test]
fn what_nobody_waits_for_is_synced_as_the_policy_says() {
    let one = SyncEvery { time: Duration::from_millis(1), bytes: u64::MAX };
    let other = SyncEvery { time: Duration::MAX, bytes: 1 };
    for every in [SyncEvery::GROUP, one, other] {
        let dir = create(Faulty::default(), std::path::Path::new("/bus"));
        let log = try_open(&dir, LogOptions { sync_every: Some(every), ..LogOptions::default() }).unwrap();
        for turn in 0..20 {
            let number = commit(&log, &plain(turn, "volatile"));
            if turn % 2 == 0 {
                log.wait(number, Durability::Written).unwrap();
            }
            wait_until_synced(&log, number);
        }
    }
}

#[test]
fn a_failed_sync_that_nobody_waits_for_ends_the_log() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), std::path::Path::new("/bus"));
    let log =
        try_open(&dir, LogOptions { sync_every: Some(SyncEvery::GROUP), ..LogOptions::default() }).unwrap();
    disk.plan().syncs_left = Some(0);
    commit(&log, &single("one"));
    while log.check_poison().is_ok() {
        thread::yield_now();
    }
    assert!(matches!(log.room(64), Err(LogError::Poisoned { cause }) if cause.contains("fails this sync")));
    assert_ne!(log.reached(1), Durability::Synced);
}
