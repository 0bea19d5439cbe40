//! The disks: one set of laws that each of them passes, then what each has of its own.

mod faulty;
mod laws;
mod memory;
mod model;
mod system;

use std::{io::ErrorKind, path::Path, sync::Arc};

use mmsb_tlog::vfs::{FaultyVfs, MemoryVfs, NullVfs, OsVfs, Vfs, VfsFile};

use self::laws::{KEEPING_LAWS, NULL_LAWS, laws};

#[test]
fn the_systems_disk_keeps_the_laws() {
    let root = tempfile::tempdir().unwrap();
    laws(&OsVfs, root.path(), &[NULL_LAWS, KEEPING_LAWS]);
}

#[test]
fn a_disk_in_memory_keeps_the_laws() {
    laws(&MemoryVfs::new(), Path::new("/"), &[NULL_LAWS, KEEPING_LAWS]);
}

#[test]
fn a_simulated_disk_keeps_the_laws() {
    laws(&FaultyVfs::new(), Path::new("/"), &[NULL_LAWS, KEEPING_LAWS]);
}

#[test]
fn a_null_disk_keeps_the_laws_it_can() {
    laws(&NullVfs::default(), Path::new("/"), &[NULL_LAWS]);
}

/// Creates a file that holds `bytes`.
#[track_caller]
fn filled(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) -> Arc<dyn VfsFile> {
    let file = vfs.create_new(path).unwrap();
    file.write_at(0, bytes).unwrap();
    file
}

/// Reads up to `bytes` at `offset` and expects exactly `expect`.
#[track_caller]
fn check_bytes(file: &dyn VfsFile, offset: u64, bytes: usize, expect: &[u8]) {
    let mut buffer = vec![0xa5; bytes];
    let filled = file.read_at(offset, &mut buffer).unwrap();
    assert_eq!(filled, expect.len(), "bytes read at {offset}");
    let differing = (0..filled).find(|index| buffer[*index] != expect[*index]);
    assert_eq!(differing, None, "index of the first differing byte read at {offset}");
    assert!(buffer[filled..].iter().all(|byte| *byte == 0xa5), "the rest of the buffer is left alone");
}

/// Expects an error of one kind.
#[track_caller]
fn check_kind<T>(result: std::io::Result<T>, expect: ErrorKind) {
    assert_eq!(result.err().map(|error| error.kind()), Some(expect));
}
