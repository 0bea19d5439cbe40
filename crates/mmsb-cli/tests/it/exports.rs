//! What went in comes out: every commit, byte for byte.

use std::path::{Path, PathBuf};

use mmsb::{Bus, Epoch};
use mmsb_cli::{
    Layout, export, import,
    sqlite::{CommitDigest, Database, WalReader},
};
use rusqlite::Connection;

use crate::command::{digests, import_small, mmsb_ok, sha256, small_digests};

/// Exports the state of a commit and compares the file with what was recorded.
#[track_caller]
fn check(bus: &Bus, epoch: Epoch, file: &Path, digest: &CommitDigest) {
    let past = bus.at(epoch).expect("the state reads");
    assert_eq!(past.label().map(|label| label.get()), Some(digest.index));
    let exported = export(&past, file).expect("the state exports");
    assert_eq!(exported.page_count, digest.pages_after, "commit {}", digest.index);
    assert!(sha256(file) == digest.sha256, "commit {} is not what was recorded", digest.index);
    std::fs::remove_file(file).expect("the file goes");
}

#[test]
fn every_commit_of_the_small_trace_is_what_was_recorded() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("small.mmsb");
    let imported = import_small(&path);
    assert!(imported.log_ratio() <= 0.13, "log against write-ahead log: {}", imported.log_ratio());
    assert_eq!((imported.wal_bytes, imported.epoch), (4_214_792, Epoch::new(167)));
    let bus = Bus::open_read_only(&path).expect("the bus opens");
    let file = dir.path().join("out.db");
    for digest in small_digests() {
        check(&bus, Epoch::new(digest.index + 2), &file, &digest);
    }
}

#[test]
fn fifty_random_commits_of_the_medium_trace_are_what_was_recorded() {
    let Some(folder) = std::env::var_os("MMSB_TRACES").map(PathBuf::from) else {
        eprintln!("skipped: MMSB_TRACES names no folder with flights-medium");
        return;
    };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("medium.mmsb");
    let base = Database::open(&folder.join("flights-medium.db")).expect("the base reads");
    let plain = folder.join("flights-medium.db-wal");
    let wal = if plain.exists() { plain } else { folder.join("flights-medium.db-wal.xz") };
    let wal = WalReader::open(&wal, &base).expect("the log's header reads");
    let imported = import(&base, wal, &path, |_| {}).expect("the medium trace imports");
    assert!(imported.log_ratio() <= 0.17, "log against write-ahead log: {}", imported.log_ratio());
    let digests = digests(&folder.join("flights-medium.sha256"));
    let bus = Bus::open_read_only(&path).expect("the bus opens");
    let mut seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    for _ in 0..50 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let digest = &digests[(seed >> 33) as usize % digests.len()];
        check(&bus, Epoch::new(digest.index + 2), &dir.path().join("out.db"), digest);
    }
}

#[test]
fn the_command_exports_by_commit_by_epoch_and_the_newest() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("small.mmsb"));
    let digests = small_digests();
    let cases: [(&[&str], u64); 5] = [
        (&["--at", "commit:0"], 0),
        (&["--at", "label:77"], 77),
        (&["--at", "e79"], 77),
        (&["--at", "newest"], 165),
        (&[], 165),
    ];
    for (at, commit) in cases {
        let args = [&["export", "sqlite", "small.mmsb", "out.db", "--json"], at].concat();
        let told = mmsb_ok(dir.path(), &args).json();
        assert_eq!((told[0]["label"].as_u64(), told[0]["epoch"].as_u64()), (Some(commit), Some(commit + 2)));
        let file = dir.path().join("out.db");
        assert!(sha256(&file) == digests[commit as usize].sha256, "{at:?}");
        std::fs::remove_file(file).expect("the file goes");
    }
}

#[test]
fn the_base_comes_out_as_it_went_in() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("small.mmsb");
    import_small(&path);
    let past = Bus::open_read_only(&path).expect("the bus opens").at(Epoch::new(1)).expect("e1 reads");
    let base = Database::open(&crate::support::testdata("flights-small.db.xz")).expect("the base reads");
    assert_eq!(past.label(), None);
    assert!(Layout::of(&past).expect("a database").pages().concat() == base.bytes());
}

#[test]
fn sqlite_finds_an_exported_database_in_order() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("small.mmsb"));
    for commit in [0, 50, 100, 165] {
        let file = format!("{commit}.db");
        mmsb_ok(dir.path(), &["export", "sqlite", "small.mmsb", &file, "--at", &format!("commit:{commit}")]);
        let connection = Connection::open(dir.path().join(&file)).expect("SQLite opens it");
        let told: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("SQLite checks it");
        assert_eq!(told, "ok", "commit {commit}");
    }
}
