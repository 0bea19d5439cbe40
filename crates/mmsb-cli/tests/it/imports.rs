//! What SQLite lawfully leaves in its files, as a bus; and imports that fail, or die on the way.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mmsb::{Bus, Epoch, Past};
use mmsb_cli::{Importer, Layout, sqlite::Input};
use serde_json::Value;

use crate::{
    command::{contents, mmsb, mmsb_ok, small_digests},
    fixtures::{Recorder, fill},
    support::testdata,
};

fn database(past: &Past) -> Vec<u8> {
    Layout::of(past).expect("a database").pages().concat()
}

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

#[test]
fn an_import_that_fails_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = Recorder::new();
    std::fs::write(dir.path().join("base.db"), recorder.base()).expect("the base writes");
    recorder.commit(&fill(10));
    recorder.commit(&fill(10));
    let mut wal = recorder.wal();
    let end = wal.len();
    wal[end - 1] ^= 1;
    wal.extend_from_slice(&recorder.wal()[32..]);
    // The last commit is damaged and another one bears the log's salts behind it.
    std::fs::write(dir.path().join("base.db-wal"), wal).expect("the log writes");
    let before = contents(dir.path());
    let ran = mmsb(dir.path(), &["import", "sqlite", "base.db", "base.db-wal", "out.mmsb"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.starts_with("mmsb: base.db-wal: frame ") && ran.stderr.contains("bad checksum"),
        "{ran:?}"
    );
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn an_importer_dropped_halfway_removes_its_bus() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (base, wal) = crate::command::open_small();
    let out = dir.path().join("out.mmsb");
    let importer = Importer::create(&out, &base, wal.header().page_bytes()).expect("it begins");
    assert!(out.exists());
    drop(importer);
    assert!(!out.exists());
}

#[test]
fn what_is_there_already_stays_untouched() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir_all(dir.path().join("full/below")).expect("a directory");
    std::fs::create_dir(dir.path().join("empty")).expect("a directory");
    std::fs::write(dir.path().join("file"), "precious").expect("a file");
    let before = contents(dir.path());
    let (db, wal) = (testdata("flights-small.db.xz"), testdata("flights-small.db-wal.xz"));
    for out in ["full", "empty", "file"] {
        let args = ["import", "sqlite", &db.to_string_lossy(), &wal.to_string_lossy(), out];
        let ran = mmsb(dir.path(), &args);
        let line = format!("mmsb: {out} already exists: open it, or choose another path\n");
        assert_eq!((ran.code, ran.stderr), (2, line));
    }
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_killed_import_leaves_a_bus_of_its_first_commits() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut unpacked = Vec::new();
    let packed = std::fs::File::open(testdata("flights-small.db-wal.xz")).expect("the log opens");
    let mut reader = lzma_rust2::XzReader::new(packed, true);
    std::io::Read::read_to_end(&mut reader, &mut unpacked).expect("the log unpacks");
    let db = testdata("flights-small.db.xz");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mmsb"))
        .current_dir(dir.path())
        .args(["import", "sqlite", &db.to_string_lossy(), "/dev/stdin", "out.mmsb"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // It commits the first batches and then waits for the rest, which never comes.
    stdin.write_all(&unpacked[..unpacked.len() - 1000]).expect("the pipe takes it");
    let deadline = Instant::now() + Duration::from_secs(60);
    while newest(&dir.path().join("out.mmsb")) < Epoch::new(50) {
        assert!(Instant::now() < deadline, "nothing is imported");
    }
    child.kill().expect("the process dies");
    child.wait().expect("it is dead");
    mmsb_ok(dir.path(), &["verify", "out.mmsb"]);
    let bus = Bus::open_read_only(dir.path().join("out.mmsb")).expect("the bus opens");
    let past = bus.at(bus.epoch()).expect("the newest state reads");
    let commit = past.label().expect("it is a transaction").get();
    let sha256 = Layout::of(&past).expect("a database").sha256();
    assert!(sha256 == small_digests()[commit as usize].sha256, "commit {commit}");
}

fn newest(path: &Path) -> Epoch {
    Bus::open_read_only(path).map_or(Epoch::ZERO, |bus| bus.epoch())
}

#[test]
fn packed_and_plain_files_import_alike() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (db, wal) = (testdata("flights-small.db.xz"), testdata("flights-small.db-wal.xz"));
    let plain = mmsb_cli::sqlite::Database::read(Input::open(&db).expect("it opens")).expect("it reads");
    std::fs::write(dir.path().join("plain.db"), plain.bytes()).expect("it writes");
    for (db, out) in [(db.as_path(), "packed.mmsb"), (Path::new("plain.db"), "plain.mmsb")] {
        mmsb_ok(dir.path(), &["import", "sqlite", &db.to_string_lossy(), &wal.to_string_lossy(), out]);
    }
    mmsb_ok(dir.path(), &["diff", "packed.mmsb", "plain.mmsb"]);
}
