//! The door to the built command: arguments in; exit code, stdout and stderr out.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use mmsb_cli::{
    Imported, import,
    sqlite::{CommitDigest, Database, WalReader, parse_digests},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::testdata;

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// Returns what was printed, as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("the output is text")
    }

    /// Returns the objects that were printed, one a line.
    pub fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
    }
}

/// Runs the command in `dir`, so that the paths it prints are short.
pub fn mmsb(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb"));
    let output = command.current_dir(dir).args(args).output().expect("the command starts");
    let code = output.status.code().expect("the command exits");
    Ran { code, stdout: output.stdout, stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// Runs the command and expects it to end well.
#[track_caller]
pub fn mmsb_ok(dir: &Path, args: &[&str]) -> Ran {
    let ran = mmsb(dir, args);
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
    ran
}

/// Imports the small trace through the library.
pub fn import_small(out: &Path) -> Imported {
    let (base, wal) = open_small();
    import(&base, wal, out, |_| {}).expect("the small trace imports")
}

/// Opens the small trace.
pub fn open_small() -> (Database, WalReader) {
    let base = Database::open(&testdata("flights-small.db.xz")).expect("the base reads");
    let wal = WalReader::open(&testdata("flights-small.db-wal.xz"), &base).expect("the log's header reads");
    (base, wal)
}

/// Returns the digests of the small trace.
pub fn small_digests() -> Vec<CommitDigest> {
    digests(&testdata("flights-small.sha256"))
}

/// Reads a list of digests.
pub fn digests(path: &Path) -> Vec<CommitDigest> {
    parse_digests(&std::fs::read_to_string(path).expect("the digests read")).expect("the digests parse")
}

/// Returns the SHA-256 of a file.
pub fn sha256(file: &Path) -> [u8; 32] {
    Sha256::digest(std::fs::read(file).expect("the file reads")).into()
}

/// Returns every file below `dir` with its bytes and the time it was changed.
pub fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the directory lists") {
        let entry = entry.expect("an entry reads");
        let (path, about) = (entry.path(), entry.metadata().expect("an entry has metadata"));
        let changed = about.modified().expect("files have times");
        let bytes = if about.is_dir() { Vec::new() } else { std::fs::read(&path).expect("a file reads") };
        files.push((path.clone(), bytes, changed));
        if about.is_dir() {
            files.extend(contents(&path));
        }
    }
    files.sort();
    files
}
