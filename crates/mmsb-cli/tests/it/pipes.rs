//! Outputs that nobody reads, or that cannot be written, and paths that are no text.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::pipe,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    command::{import_small, mmsb_ok},
    support::testdata,
};

/// Runs the command into a pipe whose reader is gone; returns exit code and stderr.
fn into_a_gone_reader(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb"));
    command.current_dir(dir).args(args).stdout(writer).stderr(Stdio::piped());
    let output = command.output().expect("the command starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    mmsb_ok(dir.path(), &["demo", "--keep", "."]);
    let damaged = dir.path().join("damaged.mmsb");
    import_small(&damaged);
    let segment = damaged.join("seg-1");
    let mut bytes = std::fs::read(&segment).expect("the log reads");
    bytes[5000] ^= 1;
    std::fs::write(&segment, bytes).expect("the log writes");
    for (command, code) in [
        ("log first.mmsb", 0),
        ("log first.mmsb --json", 0),
        ("history first.mmsb 1", 0),
        ("at first.mmsb newest 1", 0),
        ("completions bash", 0),
        ("demo", 0),
        ("diff first.mmsb first.mmsb", 0),
        ("diff first.mmsb second.mmsb", 1),
        ("diff first.mmsb second.mmsb --json", 1),
        ("diff first.mmsb --from e1 --to newest", 1),
        ("verify damaged.mmsb", 2),
        ("verify damaged.mmsb --json", 2),
    ] {
        let ended = into_a_gone_reader(dir.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!(ended, (Some(code), String::new()), "{command}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_never_a_panic() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("the full device opens");
    let command = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb"));
        command.current_dir(dir.path()).args(args);
        command
    };
    let output = command(&["completions", "bash"]).stdout(full()).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = "mmsb: No space left on device (os error 28)\n";
    assert_eq!((output.status.code(), told.as_str()), (Some(2), line));
    let status = command(&["info", "none"]).stderr(full()).status().expect("it starts");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_path_that_is_no_text_works_and_is_told_as_well_as_can_be() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let odd = OsStr::from_bytes(b"b\xffs");
    let json = |args: &[&OsStr]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb"));
        let output = command.current_dir(dir.path()).args(args).arg("--json").output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("an object")
    };
    let (db, wal) = (testdata("flights-small.db.xz"), testdata("flights-small.db-wal.xz"));
    assert_eq!(
        json(&[OsStr::new("import"), OsStr::new("sqlite"), db.as_os_str(), wal.as_os_str(), odd])["bus"],
        "b\u{fffd}s"
    );
    assert_eq!(json(&[OsStr::new("info"), odd])["bus"], "b\u{fffd}s");
    assert_eq!(json(&[OsStr::new("verify"), odd])["file"], "b\u{fffd}s/seg-1");
    let file = OsStr::from_bytes(b"\xff.db");
    let exported = json(&[OsStr::new("export"), OsStr::new("sqlite"), odd, file]);
    assert_eq!(exported["file"], "\u{fffd}.db");
}
