//! The directory of a bus: created whole or not at all, and refused by name if it is anything else.

mod crashes;
mod editing;
mod leftovers;
mod manifests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{
    LogDir, LogError, Manifest, SEGMENT_HEAD_BYTES, SegmentHead,
    vfs::{Access, MemoryVfs, OsVfs, Vfs},
};

use crate::{
    common::{INSTANCE, create, flipped},
    faulty::{Faulty, Plan},
};

const BUS: &str = "/bus";

fn write(vfs: &MemoryVfs, path: &str, bytes: &[u8]) {
    let file =
        vfs.open(Path::new(path), Access::ReadWrite).or_else(|_| vfs.create_new(Path::new(path))).unwrap();
    file.truncate(0).unwrap();
    file.write_at(0, bytes).unwrap();
}

/// The one door: opening the bus on this disk is refused with this text.
#[track_caller]
fn check_refused(vfs: &MemoryVfs, expect: &str) {
    let refusal = LogDir::open(Arc::new(vfs.clone()), Path::new(BUS)).unwrap_err();
    assert_eq!(refusal.to_string(), expect);
}

#[track_caller]
fn check_damaged(vfs: &MemoryVfs, file: &str, fault: &str) {
    check_refused(vfs, &format!("damaged record 0 in {file} at offset 0: {fault}"));
}

#[test]
fn what_is_no_bus_is_told_so() {
    let vfs = MemoryVfs::new();
    check_refused(&vfs, "/bus is not a bus: nothing is there");
    vfs.create_dir(Path::new(BUS)).unwrap();
    check_refused(&vfs, "/bus is not a bus: it has no manifest");
    vfs.remove_dir(Path::new(BUS)).unwrap();
    vfs.create_new(Path::new(BUS)).unwrap();
    check_refused(&vfs, "/bus is not a bus: it is no directory");
}

#[test]
fn every_flip_and_every_length_of_a_manifest_is_refused() {
    let vfs = MemoryVfs::new();
    create(vfs.clone(), Path::new(BUS));
    let bytes = Manifest::first(INSTANCE).encode();
    let flips = (0..bytes.len() * 8).map(|bit| flipped(&bytes, bit));
    let lengths = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    for damaged in flips.chain(lengths).chain([[&bytes[..], &[0]].concat()]) {
        write(&vfs, "/bus/MANIFEST-1", &damaged);
        let refusal = LogDir::open(Arc::new(vfs.clone()), Path::new(BUS)).unwrap_err();
        let LogError::Corrupt { file, offset: 0, number: 0, .. } = refusal else { panic!("{refusal}") };
        assert!(file.ends_with("MANIFEST-1"), "{file:?} {damaged:02x?}");
    }
    write(&vfs, "/bus/MANIFEST-1", &bytes);
    LogDir::open(Arc::new(vfs), Path::new(BUS)).unwrap();
}

#[test]
fn another_version_of_the_format_is_told_apart_from_damage() {
    let vfs = MemoryVfs::new();
    create(vfs.clone(), Path::new(BUS));
    let mut bytes = Manifest::first(INSTANCE).encode();
    bytes[8] = 3;
    let covered = bytes.len() - 4;
    let checksum = mmsb_types::crc32c(&bytes[..covered]).to_le_bytes();
    bytes[covered..].copy_from_slice(&checksum);
    write(&vfs, "/bus/MANIFEST-1", &bytes);
    check_refused(&vfs, "/bus/MANIFEST-1 has format version 3; this build reads 2");
}

#[test]
fn the_newest_manifest_counts_and_a_segment_of_another_bus_does_not() {
    let vfs = MemoryVfs::new();
    let dir = create(vfs.clone(), Path::new(BUS));
    write(&vfs, "/bus/MANIFEST-9", &Manifest::first(INSTANCE).encode());
    check_damaged(&vfs, "/bus/MANIFEST-9", "the manifest's generation is not the one in its name");
    vfs.remove(Path::new("/bus/MANIFEST-9")).unwrap();
    let head = dir.manifest().last_segment().encode(crate::common::OTHER);
    assert_eq!(head.len(), SEGMENT_HEAD_BYTES);
    write(&vfs, "/bus/seg-1", &head);
    check_damaged(&vfs, "/bus/seg-1", "the segment's head disagrees with the manifest");
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let again = |name: &str| LogDir::create(Arc::new(OsVfs), &root.path().join(name), INSTANCE);
    std::fs::write(root.path().join("file"), "x").unwrap();
    std::fs::create_dir_all(root.path().join("full/of")).unwrap();
    std::fs::create_dir(root.path().join("empty")).unwrap();
    again("bus").unwrap();
    for name in ["bus", "file", "full"] {
        assert!(matches!(again(name), Err(LogError::AlreadyExists { .. })), "{name}");
    }
    again("empty").unwrap();
    let mut names: Vec<_> = OsVfs.list(root.path()).unwrap();
    names.sort();
    assert_eq!(names, ["bus", "empty", "file", "full"], "no temporary directory is left");
    assert_eq!(OsVfs.list(&root.path().join("bus")).unwrap(), ["MANIFEST-1", "seg-1"]);
}

#[test]
fn a_failed_creation_leaves_nothing() {
    for (writes, syncs) in [(Some(0), None), (Some(1), None), (None, Some(0)), (None, Some(1))] {
        let disk = Faulty::default();
        *disk.plan() = Plan { writes_left: writes, syncs_left: syncs, ..Plan::default() };
        let failure = LogDir::create(Arc::new(disk.clone()), Path::new(BUS), INSTANCE).unwrap_err();
        assert!(matches!(failure, LogError::Io { .. }), "{failure}");
        assert_eq!(disk.list(Path::new("/")).unwrap(), [""; 0], "{writes:?} {syncs:?}");
    }
}

#[test]
fn a_creation_where_there_is_no_parent_names_the_path_that_was_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("no/such/dir");
    match LogDir::create(Arc::new(OsVfs), &path, INSTANCE) {
        Err(LogError::Io { operation: "creating", file, .. }) => assert_eq!(file, path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_anchored_directory_has_a_path_that_holds_wherever_the_process_goes() {
    let root = tempfile::tempdir().unwrap();
    let up: PathBuf = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect();
    let relative = up.join(root.path().strip_prefix("/").unwrap()).join("bus");
    let dir = LogDir::create(Arc::new(OsVfs), &relative, INSTANCE).unwrap();
    assert!(dir.path().is_relative(), "as it was given, for messages");
    let dir = dir.anchored();
    assert!(dir.path().is_absolute());
    assert_eq!(dir.reopen().unwrap().instance(), INSTANCE);
    let in_memory = LogDir::create(Arc::new(MemoryVfs::new()), Path::new("bus"), INSTANCE).unwrap();
    assert_eq!(
        in_memory.anchored().path(),
        Path::new("bus"),
        "a disk of names alone has no other place to be"
    );
}

#[test]
fn a_log_may_begin_late_and_its_directory_move_whole() {
    let vfs = Arc::new(MemoryVfs::new());
    let head = SegmentHead::starting_at(1000);
    let dir = LogDir::create_from(vfs.clone(), Path::new("/building"), INSTANCE, head).unwrap();
    let moved = dir.move_to(Path::new("/bus")).unwrap();
    assert_eq!((moved.path(), moved.manifest().segments[0]), (Path::new("/bus"), head));
    assert!(matches!(LogDir::open(vfs.clone(), Path::new("/building")), Err(LogError::NotABus { .. })));
    assert_eq!(LogDir::open(vfs.clone(), Path::new("/bus")).unwrap().manifest().segments, [head]);

    let other = LogDir::create(vfs.clone(), Path::new("/other"), INSTANCE).unwrap();
    let refused = other.clone().move_to(Path::new("/bus"));
    assert!(matches!(refused, Err(LogError::AlreadyExists { .. })), "{refused:?}");
    assert!(LogDir::open(vfs.clone(), Path::new("/other")).is_ok(), "it is where it was");
    other.remove();
    assert!(matches!(LogDir::open(vfs, Path::new("/other")), Err(LogError::NotABus { .. })));
}
