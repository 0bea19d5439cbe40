//! Imports that fail, or are dropped or killed on the way.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mmsb::{Bus, Epoch};
use mmsb_cli::{Importer, Layout};

use crate::{
    command::{contents, mmsb, mmsb_ok, small_digests},
    fixtures::{Recorder, fill},
    support::testdata,
};

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
