//! Failing calls: the one that was planned, once or from then on, with what each leaves behind.

use std::{io::ErrorKind, path::Path};

use insta::assert_snapshot;
use mmsb_tlog::vfs::{
    Access, FaultyVfs, Vfs,
    faulty::{CallKind, Crash, Failure, FailureKind},
};

use super::{durable, text};
use crate::vfs::check_kind;

#[test]
fn the_planned_call_fails_and_once_means_once() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"");
    vfs.fail(Failure { at: vfs.call_count() + 2, kind: FailureKind::Device, sticky: false });
    file.write_at(0, b"1").unwrap();
    check_kind(file.write_at(1, b"2"), ErrorKind::Other);
    file.write_at(2, b"3").unwrap();
    assert_eq!(vfs.failure_count(), 1);
    vfs.fail(Failure { at: 0, kind: FailureKind::Device, sticky: true });
    for _ in 0..3 {
        check_kind(file.write_at(0, b"4"), ErrorKind::Other);
    }
    vfs.mend();
    file.write_at(0, b"5").unwrap();
    assert_eq!(vfs.failure_count(), 4);
}

#[test]
fn half_of_a_failed_write_lands() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"....");
    for kind in [FailureKind::NoSpace, FailureKind::Interrupted] {
        vfs.fail(Failure { at: 0, kind, sticky: false });
        file.write_at(0, b"abcd").unwrap_err();
        assert_eq!(text(&vfs), "f: ab..");
    }
}

#[test]
fn a_failed_sync_loses_what_it_should_have_saved_and_the_next_one_says_all_is_well() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"kept");
    file.write_at(4, b"gone").unwrap();
    vfs.fail(Failure { at: 0, kind: FailureKind::Sync, sticky: false });
    check_kind(file.sync_data(), ErrorKind::Other);
    file.write_at(8, b"later").unwrap();
    file.sync_data().unwrap();
    assert_snapshot!(text(&vfs), @"f: keptgonelater");
    assert_snapshot!(text(&vfs.crash(Crash::Keep)), @"f: kept0000later");
}

#[test]
fn a_failed_sync_of_a_directory_leaves_its_names_unsynced() {
    let vfs = FaultyVfs::new();
    durable(&vfs, "a", b"");
    vfs.create_new(Path::new("b")).unwrap();
    vfs.fail(Failure { at: 0, kind: FailureKind::Sync, sticky: false });
    check_kind(vfs.sync_dir(Path::new("/")), ErrorKind::Other);
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"a: ");
    vfs.sync_dir(Path::new("/")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"
    a: 
    b:
    ");
}

#[test]
fn calls_that_cannot_fail_that_way_do_not() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"x");
    vfs.fail(Failure { at: 0, kind: FailureKind::Names, sticky: true });
    file.write_at(0, b"y").unwrap();
    file.sync_all().unwrap();
    vfs.open(Path::new("f"), Access::ReadOnly).unwrap();
    check_kind(vfs.remove(Path::new("f")), ErrorKind::Other);
    check_kind(vfs.create_new(Path::new("g")).map(drop), ErrorKind::Other);
    assert_snapshot!(text(&vfs), @"f: y");
}

#[test]
fn every_kind_of_call_can_fail_somehow() {
    use CallKind::{
        CreateDir, CreateNew, Len, List, Lock, Metadata, Open, Read, Remove, RemoveDir, Rename, Sync,
        SyncDir, Truncate, Write,
    };
    for call in [
        CreateDir, CreateNew, Len, List, Lock, Metadata, Open, Read, Remove, RemoveDir, Rename, Sync,
        SyncDir, Truncate, Write,
    ] {
        assert!(FailureKind::ALL.iter().any(|kind| kind.applies_to(call)), "{call:?}");
    }
}
