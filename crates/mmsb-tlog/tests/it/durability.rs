//! What a durability promises, and what a failed write or sync leaves: nothing more is written.

use std::{path::Path, thread};

use mmsb_tlog::{Log, LogDir, LogError, LogOptions, Mark, Scan};
use mmsb_types::{Durability, Lsn};

use crate::{
    common::{
        HEAD_BYTES, INSTANCE, commit, commits, create, open, places, plain, segment_bytes, set_segment_bytes,
        single, try_commit, try_open,
    },
    faulty::{Action, Faulty},
};

fn faulty_log() -> (Faulty, LogDir, Log) {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log = open(&dir);
    disk.plan().actions.clear();
    (disk, dir, log)
}

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

#[test]
fn a_mark_claims_only_what_a_sync_has_confirmed() {
    let (disk, dir, log) = faulty_log();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                (0..300).for_each(|turn| {
                    let number = commit(&log, &plain(turn, "x"));
                    if turn % 9 == 0 {
                        log.wait(number, Durability::Synced).unwrap();
                    }
                })
            });
        }
    });
    log.close().unwrap();
    let bytes = segment_bytes(&dir);
    let places = places(&bytes);
    let (mut written, mut durable, mut claims) = (0, 0, 0);
    for action in &disk.plan().actions {
        let (offset, batch) = match action {
            Action::Write { offset, bytes } => (offset, bytes),
            Action::Sync => {
                durable = written;
                continue;
            }
            Action::Cut => panic!("a log that is whole was cut"),
        };
        assert!(*offset >= HEAD_BYTES as u64);
        let end = *offset as usize + batch.len();
        let mark = places.iter().find(|place| place.end() == end).expect("a batch ends with a record");
        let lsn = Lsn::new(mark.offset as u64);
        let mark = Mark::parse(&bytes[mark.offset..], INSTANCE, lsn).expect("and that is a mark");
        assert_eq!(mark.synced_through, durable);
        claims += usize::from(durable > 0);
        written = mark.number;
    }
    assert!(matches!(disk.plan().actions.last(), Some(Action::Sync)), "the closing mark is synced");
    assert_eq!((written, durable), (900, 900));
    assert!(claims > 10, "the test saw marks that claim something");
}

#[test]
fn a_cut_is_synced_before_anything_is_written_behind_it() {
    let torn = || {
        let (disk, dir, log) = faulty_log();
        log.wait(commit(&log, &single("good")), Durability::Synced).unwrap();
        drop(log);
        let bytes = segment_bytes(&dir);
        set_segment_bytes(&dir, &[&bytes, b"torn".as_slice()].concat());
        disk.plan().actions.clear();
        (disk, dir, bytes)
    };
    let (disk, dir, _) = torn();
    let log = open(&dir);
    log.wait(commit(&log, &single("more")), Durability::Written).unwrap();
    assert!(matches!(disk.plan().actions[..], [Action::Cut, Action::Sync, Action::Write { .. }]));
    let (disk, dir, bytes) = torn();
    disk.plan().syncs_left = Some(0);
    let failure = try_open(&dir, LogOptions::default()).unwrap_err();
    assert!(matches!(failure, LogError::Io { operation: "syncing the cut of", .. }), "{failure}");
    assert_eq!(segment_bytes(&dir), bytes);
}

#[test]
fn what_nobody_waits_for_is_written_soon() {
    let (_, _, log) = faulty_log();
    for _ in 0..20 {
        let number = commit(&log, &single("volatile"));
        while log.reached(number) == Durability::Volatile {
            thread::yield_now();
        }
    }
}

#[test]
fn one_writer_at_a_time() {
    let (_, dir, log) = faulty_log();
    assert!(matches!(dir.lock(), Err(LogError::Locked { .. })));
    drop(log);
    dir.lock().unwrap();
}
