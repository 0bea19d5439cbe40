//! Commits come back from every disk that keeps bytes; the null disk shows none.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    Log, LogDir, LogError, LogOptions, Scan, Tail,
    vfs::{MemoryVfs, NullVfs, OsVfs, Vfs},
};
use mmsb_types::Durability;

use super::contents;
use crate::common::{INSTANCE, Layout, commit, commits, create, open, segment_bytes, single};

/// The one door: the commits come back from `vfs`, before and after opening again.
#[track_caller]
fn check(vfs: impl Vfs, path: &Path) {
    let dir = create(vfs, path);
    let log = open(&dir);
    let mut expect = Layout::new(INSTANCE);
    for (index, content) in contents().iter().enumerate() {
        assert_eq!(commit(&log, content), index as u64 + 1);
        expect.frame(content);
    }
    log.wait(contents().len() as u64, Durability::Written).unwrap();
    let expect = frames_alone(&expect.bytes);
    assert_eq!(frames_alone(&segment_bytes(&dir)), expect, "same commits, same frames");
    let seen = commits(&dir);
    assert_eq!(seen.len(), contents().len());
    log.close().unwrap();
    drop(log);
    let dir = dir.reopen().unwrap();
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: true });
    assert_eq!(commits(&dir), seen);
    let log = open(&dir);
    assert_eq!(commit(&log, &single("after")), contents().len() as u64 + 1);
    drop(log);
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: false }, "no closing mark without close");
    assert_eq!(commits(&dir)[..seen.len()], seen);
    assert_eq!(commits(&dir).len(), seen.len() + 1);
}

/// The bytes of a log without its marks, which tell when it was flushed.
fn frames_alone(bytes: &[u8]) -> Vec<u8> {
    let places = crate::common::places(bytes).into_iter().filter(|place| !place.is_line);
    places.flat_map(|place| bytes[place.offset..place.end()].to_vec()).collect()
}

#[test]
fn commits_come_back_from_the_systems_disk() {
    let root = tempfile::tempdir().unwrap();
    check(OsVfs, &root.path().join("bus"));
}

#[test]
fn commits_come_back_from_memory() {
    check(MemoryVfs::new(), Path::new("/bus"));
}

#[test]
fn a_null_disk_takes_a_log_and_shows_none() {
    let vfs = NullVfs::default();
    let dir = LogDir::create(Arc::new(vfs.clone()), Path::new("/bus"), INSTANCE).unwrap();
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    for content in contents() {
        commit(&log, &content);
    }
    log.wait(7, Durability::Synced).unwrap();
    assert_eq!(log.reached(7), Durability::Synced);
    assert_eq!(vfs.written_bytes() % 8, 4, "whole records, and a manifest of 84 bytes");
    log.close().unwrap();
    assert!(Scan::run(&dir).is_err());
    assert!(matches!(dir.reopen(), Err(LogError::NotABus { .. })));
}
