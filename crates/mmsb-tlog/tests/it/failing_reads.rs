//! Reads that fail: told, and the next call goes on as if nothing had been.

use std::path::Path;

use mmsb_tlog::{
    LogError, LogOptions, Reader,
    vfs::{
        FaultyVfs,
        faulty::{Failure, FailureKind},
    },
};
use mmsb_types::Durability;

use crate::common::{commit, create, single, try_open};

/// Reads two commits from the mark before them on; the read at `at` fails once.
#[track_caller]
fn check(at: u64, kind: FailureKind, expected_failure_count: u64) {
    let disk = FaultyVfs::new();
    let dir = create(disk.clone(), Path::new("/bus"));
    let options = LogOptions { background: false, ring_bytes: 0, ..LogOptions::default() };
    let log = try_open(&dir, options).unwrap();
    log.wait(commit(&log, &single("before")), Durability::Written).unwrap();
    let mark = log.cut(|| 1).unwrap().behind;
    for text in ["one", "other"] {
        log.wait(commit(&log, &single(text)), Durability::Written).unwrap();
    }
    let mut reader = Reader::new(&dir, mark, log.written_end().lsn).unwrap();
    disk.fail(Failure { at: disk.call_count() + at, kind, sticky: false });
    let (mut numbers, mut failure_count) = (Vec::new(), 0);
    loop {
        match reader.next_commit() {
            Ok(Some(commit)) => numbers.push(commit.epoch.get()),
            Ok(None) => break,
            Err(LogError::Io { operation: "reading", .. }) => failure_count += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((&*numbers, failure_count), (&[2, 3][..], expected_failure_count));
}

#[test]
fn a_read_that_fails_before_a_mark_is_told_and_tried_again() {
    check(0, FailureKind::Device, 1);
    check(0, FailureKind::Interrupted, 1);
}

#[test]
fn a_failure_that_nothing_meets_changes_nothing() {
    check(100, FailureKind::Device, 0);
}
