//! A failed write, sync or close: the log says so from then on, and writes nothing more.

use std::thread;

use mmsb_tlog::{Log, LogDir, LogError, Scan};
use mmsb_types::Durability;

use super::faulty_log;
use crate::{
    common::{commit, commits, open, plain, segment_bytes, single, try_commit},
    faulty::{Action, Faulty},
};

/// Every later call says so, and the file stays as it was.
#[track_caller]
fn check_poisoned(disk: &Faulty, dir: &LogDir, log: Log, cause: &str) {
    *disk.plan() = Default::default();
    let before = segment_bytes(dir);
    let number = log.published();
    let is_poisoned = |result: Result<(), LogError>| match result {
        Err(LogError::Poisoned { cause: found }) => assert!(found.contains(cause), "{found}"),
        other => panic!("{other:?}"),
    };
    is_poisoned(log.check_poison());
    is_poisoned(log.room(64).map(drop));
    is_poisoned(log.room(1 << 20).map(drop));
    is_poisoned(log.wait(number + 1, Durability::Written));
    is_poisoned(log.wait(number + 1, Durability::Synced));
    is_poisoned(log.close());
    drop(log);
    assert!(disk.plan().actions.is_empty(), "a poisoned log touched the disk");
    assert_eq!(segment_bytes(dir), before);
}

#[test]
fn a_failed_write_poisons_the_log() {
    for writes in 0..4 {
        let (disk, dir, log) = faulty_log();
        for turn in 0..writes {
            log.wait(commit(&log, &plain(turn, "good")), Durability::Written).unwrap();
        }
        disk.plan().writes_left = Some(0);
        let number = commit(&log, &plain(9, "lost"));
        let failure = log.wait(number, Durability::Written).unwrap_err();
        assert!(matches!(failure, LogError::Io { operation: "writing", .. } | LogError::Poisoned { .. }));
        assert_eq!(log.reached(number), Durability::Volatile);
        assert_eq!(log.reached(writes), if writes == 0 { Durability::Synced } else { Durability::Written });
        check_poisoned(&disk, &dir, log, "the test fails this write");
        // Half a batch landed; opening again finds what was written before, and takes more.
        assert_eq!(commits(&dir).len() as u64, writes);
        let log = open(&dir);
        assert_eq!(commit(&log, &single("again")), writes + 1);
        log.close().unwrap();
        assert_eq!(commits(&dir).len() as u64, writes + 1);
    }
}

#[test]
fn a_failed_sync_poisons_the_log_and_is_not_tried_again() {
    let (disk, dir, log) = faulty_log();
    log.wait(commit(&log, &single("durable")), Durability::Synced).unwrap();
    disk.plan().syncs_left = Some(0);
    let number = commit(&log, &single("written"));
    let failure = log.wait(number, Durability::Synced).unwrap_err();
    assert!(matches!(failure, LogError::Io { operation: "syncing", .. }), "{failure}");
    assert_eq!((log.reached(1), log.reached(2)), (Durability::Synced, Durability::Written));
    log.wait(number, Durability::Written).unwrap();
    assert!(matches!(log.wait(number, Durability::Synced), Err(LogError::Poisoned { .. })));
    check_poisoned(&disk, &dir, log, "the test fails this sync");
    assert_eq!(Scan::run(&dir).unwrap().synced_through, 1, "the first sync is all there was");
}

#[test]
fn a_failed_close_leaves_no_closing_mark_that_lies() {
    for syncs in 0..2 {
        let (disk, dir, log) = faulty_log();
        commit(&log, &single("one"));
        disk.plan().syncs_left = Some(syncs);
        assert!(matches!(log.close(), Err(LogError::Io { operation: "syncing", .. })));
        check_poisoned(&disk, &dir, log, "the test fails this sync");
        assert_eq!(Scan::run(&dir).unwrap().synced_through, u64::from(syncs), "after {syncs} good syncs");
    }
}

#[test]
fn everyone_who_waits_is_told() {
    let (disk, _, log) = faulty_log();
    disk.plan().writes_left = Some(3);
    let failures = thread::scope(|scope| {
        let work = || {
            (0..10_000).find_map(|turn| {
                let number = match try_commit(&log, &plain(turn, "x")) {
                    Ok(number) => number,
                    Err(failure) => return Some(failure),
                };
                log.wait(number, if turn % 2 == 0 { Durability::Written } else { Durability::Synced }).err()
            })
        };
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(
        failures
            .iter()
            .all(|failure| matches!(failure, Some(LogError::Io { .. } | LogError::Poisoned { .. })))
    );
    let writes = disk.plan().actions.iter().filter(|action| matches!(action, Action::Write { .. })).count();
    assert_eq!(writes, 3, "nothing was written behind the failed write");
}
