//! Segments that are filled with zeros ahead of time: what holds of them at every moment, and when it fails.

use std::{path::Path, sync::Arc, thread};

use mmsb_tlog::{
    Cursor, Log, LogDir, LogOptions, Scan, Tail,
    vfs::{
        FaultyVfs, MemoryVfs, OsVfs, Vfs,
        faulty::{Failure, FailureKind},
    },
};
use mmsb_types::Durability;

use super::segments;
use crate::common::{at_once, commit, commits, create, page, single, try_open};

const SEGMENT_BYTES: u64 = 4096;

fn prewriting(vfs: impl Vfs) -> (LogDir, Log) {
    let dir = create(vfs, Path::new("/bus"));
    let log = try_open(&dir, options()).unwrap();
    (dir, log)
}

fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT_BYTES, prewrite: true, ring_bytes: 0, ..LogOptions::default() }
}

/// Commits until the last segment is more than half full.
fn fill_half(dir: &LogDir, log: &Log) {
    let used = || log.written_end().lsn.get() - dir.manifest().last_segment().first_lsn.get();
    while used() < SEGMENT_BYTES / 2 {
        log.wait(commit(log, &single("x")), Durability::Written).unwrap();
    }
}

/// Commits until there are so many segments.
fn rotate_to(dir: &LogDir, log: &Log, count: usize) {
    while dir.manifest().segments.len() < count {
        log.wait(commit(log, &single("x")), Durability::Written).unwrap();
    }
}

fn exists(dir: &LogDir, name: &str) -> bool {
    dir.vfs().exists(&dir.path().join(name)).unwrap()
}

/// Returns once the file is as long as a segment.
fn wait_until_ready(dir: &LogDir, name: &str) {
    let path = dir.path().join(name);
    while !dir.vfs().metadata(&path).is_ok_and(|file| file.bytes == SEGMENT_BYTES) {
        thread::yield_now();
    }
}

fn last_bytes(dir: &LogDir) -> u64 {
    dir.vfs().metadata(&dir.segment_path(&dir.manifest().last_segment())).unwrap().bytes
}

#[test]
fn the_next_segment_is_ready_when_it_is_needed() {
    let (dir, log) = prewriting(MemoryVfs::new());
    fill_half(&dir, &log);
    wait_until_ready(&dir, "seg-2.new");
    rotate_to(&dir, &log, 2);
    assert_eq!(last_bytes(&dir), SEGMENT_BYTES, "zeros behind the first frame");
    let number = log.published();
    // A scan beside it, and one after a crash, take the zeros for what they are.
    let scan = Scan::run(&dir).unwrap();
    assert_eq!((scan.end.number, scan.tail), (number, Tail::Clean { closed: false }));
    assert_eq!(commits(&dir).len() as u64, number);
    log.close().unwrap();
    assert!(last_bytes(&dir) < SEGMENT_BYTES, "a clean stop cuts the zeros off");
    assert!(!exists(&dir, "seg-3.new"));
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: true });
}

#[test]
fn zeros_are_used_on_after_a_crash() {
    let disk = FaultyVfs::new();
    let (dir, log) = prewriting(disk.clone());
    fill_half(&dir, &log);
    wait_until_ready(&dir, "seg-2.new");
    rotate_to(&dir, &log, 2);
    let number = log.published();
    let rest = disk.copy();
    let dir = LogDir::open(Arc::new(rest), Path::new("/bus")).unwrap();
    let before = last_bytes(&dir);
    let again = try_open(&dir, options()).unwrap();
    assert_eq!(commit(&again, &single("y")), number + 1);
    again.wait(number + 1, Durability::Synced).unwrap();
    assert_eq!((before, last_bytes(&dir)), (SEGMENT_BYTES, SEGMENT_BYTES));
    rotate_to(&dir, &again, 4);
    again.close().unwrap();
    segments(&dir);
    assert_eq!(commits(&dir).len() as u64, again.published());
}

#[test]
fn nothing_is_left_of_a_segment_that_is_not_needed() {
    for is_closed in [false, true] {
        let (dir, log) = prewriting(MemoryVfs::new());
        fill_half(&dir, &log);
        while !exists(&dir, "seg-2.new") {
            thread::yield_now();
        }
        if is_closed {
            log.close().unwrap();
        }
        drop(log);
        assert!(!exists(&dir, "seg-2.new"));
        dir.lock().unwrap();
    }
}

#[test]
fn a_segment_that_cannot_be_prewritten_is_made_without() {
    let disk = FaultyVfs::new();
    let (dir, log) = prewriting(disk.clone());
    // Half full but for one frame: the next write starts the thread, whose first call then fails.
    let used = || log.written_end().lsn.get();
    while used() + 128 < SEGMENT_BYTES / 2 {
        log.wait(commit(&log, &single("x")), Durability::Written).unwrap();
    }
    disk.fail(Failure { at: disk.call_count() + 1, kind: FailureKind::Names, sticky: false });
    while disk.failure_count() == 0 {
        log.wait(commit(&log, &single("x")), Durability::Written).unwrap();
    }
    rotate_to(&dir, &log, 2);
    assert!(last_bytes(&dir) < SEGMENT_BYTES, "no zeros");
    log.check_poison().unwrap();
    log.close().unwrap();
    assert_eq!(commits(&dir).len() as u64, log.published());
}

#[test]
fn many_segments_of_a_real_disk_follow_each_other() {
    let place = tempfile::tempdir().unwrap();
    let dir = LogDir::create(Arc::new(OsVfs), &place.path().join("bus"), crate::common::INSTANCE).unwrap();
    let log = try_open(&dir, options()).unwrap();
    at_once(3, |thread| match thread {
        0 => (0..20).for_each(|_| log.wait(commit(&log, &single("x")), Durability::Synced).unwrap()),
        _ => (0..300).for_each(|_| assert!(commit(&log, &single("x")) > 0)),
    });
    log.close().unwrap();
    assert!(dir.manifest().segments.len() >= 10);
    segments(&dir);
    assert_eq!(commits(&dir).len(), 620);
    let scan = Scan::from(&dir, Cursor::first(&dir)).unwrap();
    assert_eq!((scan.end.number, scan.synced_through), (620, 620));
}

/// Commits and waits for the durability, so many times; returns the file's length, and how much of it is used.
fn commit_often(dir: &LogDir, log: &Log, durability: Durability, count: usize) -> (u64, u64) {
    (0..count).for_each(|_| log.wait(commit(log, &single("x")), durability).unwrap());
    (last_bytes(dir), log.written_end().lsn.get())
}

fn growing(segment_bytes: u64) -> (LogDir, Log) {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let options = LogOptions { segment_bytes, background: false, ..options() };
    let log = try_open(&dir, options).unwrap();
    (dir, log)
}

#[test]
fn the_first_segment_gets_zeros_where_it_is_synced_often() {
    let (dir, log) = growing(300 << 10);
    let (bytes, used) = commit_often(&dir, &log, Durability::Synced, 10);
    assert!(bytes > used + (200 << 10), "{bytes} bytes, {used} of them used");
    assert_eq!(commit_often(&dir, &log, Durability::Synced, 1000).0, bytes, "no sync makes it longer");
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: false });
    let (bytes, used) = commit_often(&dir, &log, Durability::Synced, 1100);
    assert_eq!((bytes, used < bytes), (300 << 10, true), "and never longer than a segment");
    log.close().unwrap();
    assert_eq!(last_bytes(&dir), log.written_end().lsn.get(), "a clean stop cuts the zeros off");
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: true });
    assert_eq!(commits(&dir).len(), 2110);
}

#[test]
fn a_segment_that_nobody_syncs_is_as_long_as_the_log() {
    let (dir, log) = growing(300 << 10);
    let (bytes, used) = commit_often(&dir, &log, Durability::Written, 100);
    assert_eq!(bytes, used);
}

#[test]
fn a_segment_that_began_with_a_burst_gets_zeros_once_it_is_synced_often() {
    let (dir, log) = growing(4 << 20);
    log.wait(commit(&log, &page(&vec![7; 2 << 20])), Durability::Synced).unwrap();
    let (bytes, used) = commit_often(&dir, &log, Durability::Synced, 20);
    assert!(bytes > used, "{bytes} bytes, {used} of them used");
    log.wait(commit(&log, &page(&vec![7; 1 << 20])), Durability::Synced).unwrap();
    let (bytes, used) = commit_often(&dir, &log, Durability::Written, 1);
    assert_eq!(bytes, used, "a burst has no zeros");
}
