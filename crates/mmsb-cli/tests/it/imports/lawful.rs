//! What SQLite lawfully leaves in its files: shrinking, older frames, transactions without an end.

use std::path::Path;

use mmsb::{Bus, Epoch};
use serde_json::Value;

use super::database;
use crate::{
    command::mmsb_ok,
    fixtures::{Recorder, fill},
};

/// Imports with the command, expects every commit as SQLite had it, and returns bus and report.
#[track_caller]
fn check(dir: &Path, base: &[u8], wal: &[u8], expected: &[Vec<u8>]) -> (Bus, Value) {
    std::fs::write(dir.join("base.db"), base).expect("the base writes");
    std::fs::write(dir.join("base.db-wal"), wal).expect("the log writes");
    let told = mmsb_ok(dir, &["import", "sqlite", "base.db", "base.db-wal", "out.mmsb", "--json"]).json();
    let bus = Bus::open_read_only(dir.join("out.mmsb")).expect("the bus opens");
    assert_eq!(bus.epoch(), Epoch::new(expected.len() as u64 + 1));
    for (commit, expected) in expected.iter().enumerate() {
        let past = bus.at_label(commit as u64).expect("the commit reads");
        assert!(&database(&past) == expected, "commit {commit} is not what SQLite has");
    }
    (bus, told[0].clone())
}

#[test]
fn a_database_that_shrinks_and_grows_deletes_and_creates_pages() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = Recorder::new();
    let base = recorder.base();
    recorder.commit("DELETE FROM t WHERE id % 10 != 0;");
    recorder.commit("VACUUM;");
    recorder.commit(&fill(100));
    let (bus, _) = check(dir.path(), &base, &recorder.wal(), &recorder.expected);
    let [before, small, after] = [2, 3, 4].map(|epoch| bus.at(Epoch::new(epoch)).expect("the state reads"));
    let (cut, count) = (small.pages().count() + 1, after.pages().count());
    assert!(cut <= before.pages().count() && cut <= count, "{cut} {count}");
    let name = cut.to_string();
    assert_eq!(small.page(&name), None);
    let (old, new) = (before.page(&name).expect("it lived"), after.page(&name).expect("it lives again"));
    assert!(old < new, "a page that grows again is a new one: {old} {new}");
    let commits: Vec<_> =
        bus.commits().expect("the log reads").map(|commit| commit.expect("it reads")).collect();
    assert_eq!(commits[2].events.len(), before.pages().count() - small.pages().count());
    assert_eq!((commits[0].source.tag.as_deref(), commits[0].label), (Some("base"), None));
}

#[test]
fn frames_of_an_older_log_are_left_out_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = Recorder::new();
    recorder.run(&fill(300));
    recorder.run("PRAGMA wal_checkpoint(RESTART);");
    let base = recorder.base();
    recorder.commit("UPDATE t SET text = 'changed' WHERE id = 7;");
    let (_, told) = check(dir.path(), &base, &recorder.wal(), &recorder.expected);
    assert!(told["stale_frame_count"].as_u64() > Some(20), "{told}");
    assert_eq!((&told["commit_count"], &told["uncommitted_frame_count"]), (&1.into(), &0.into()));
}

#[test]
fn a_transaction_that_never_ended_is_left_out_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = Recorder::new();
    let base = recorder.base();
    recorder.commit(&fill(10));
    recorder.run("PRAGMA cache_size = 4; BEGIN;");
    recorder.run(&fill(400));
    let wal = [&recorder.wal()[..], b"torn"].concat();
    let (_, told) = check(dir.path(), &base, &wal, &recorder.expected);
    assert!(told["uncommitted_frame_count"].as_u64() > Some(20), "{told}");
    assert_eq!((&told["stale_frame_count"], &told["torn_byte_count"]), (&0.into(), &4.into()));
    assert_eq!(told["wal_bytes"], wal.len());
    std::fs::remove_dir_all(dir.path().join("out.mmsb")).expect("the bus goes");
    let text = mmsb_ok(dir.path(), &["import", "sqlite", "base.db", "base.db-wal", "out.mmsb"]);
    let line = text.text().lines().find(|line| line.starts_with("left out")).expect("it is told");
    let count = &told["uncommitted_frame_count"];
    assert_eq!(
        line,
        format!("left out     {count} frames of transactions that never ended, 4 bytes of a torn frame")
    );
}

#[test]
fn a_database_that_begins_empty_is_made_by_its_log() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = Recorder::new();
    recorder.commit("VACUUM;");
    check(dir.path(), &[], &recorder.wal(), &recorder.expected);
}
