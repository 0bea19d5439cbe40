//! Recordings: a disk for every change, none of which later ones reach.

use std::path::Path;

use insta::assert_snapshot;
use mmsb_tlog::vfs::{Access, FaultyVfs, Vfs, faulty::Crash};

use super::{durable, text};

#[test]
fn each_moment_is_the_disk_after_its_call() {
    let vfs = FaultyVfs::new();
    vfs.record();
    let file = durable(&vfs, "f", b"one");
    vfs.open(Path::new("f"), Access::ReadOnly).unwrap();
    file.write_at(0, b"two").unwrap();
    vfs.remove(Path::new("f")).unwrap();
    let told: Vec<String> = vfs
        .take_moments()
        .iter()
        .map(|moment| {
            let keep = moment.crash(&moment.decide(Crash::Keep));
            let lose = moment.crash(&moment.decide(Crash::Lose));
            format!("{} | {} | {}", moment.call(), text(&keep), text(&lose))
        })
        .collect();
    assert_snapshot!(told.join("\n"), @"
    call 1, CreateNew f | f:  | 
    call 2, Write f, 3 bytes at 0 | f: one | 
    call 3, Sync f | f: one | 
    call 4, SyncDir / | f: one | f: one
    call 6, Write f, 3 bytes at 0 | f: two | f: one
    call 7, Remove f |  | f: one
    ");
    assert!(vfs.take_moments().is_empty());
}

#[test]
fn a_removed_file_is_recorded_while_somebody_has_it_open() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"old");
    vfs.record();
    vfs.remove(Path::new("f")).unwrap();
    vfs.sync_dir(Path::new("/")).unwrap();
    file.write_at(0, b"new").unwrap();
    let mut bytes = [0; 3];
    assert_eq!((file.read_at(0, &mut bytes).unwrap(), &bytes), (3, b"new"));
}

#[test]
fn copies_go_their_own_ways() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"same");
    let copy = vfs.copy();
    file.write_at(0, b"here").unwrap();
    copy.open(Path::new("f"), Access::ReadWrite).unwrap().write_at(4, b" too").unwrap();
    assert_snapshot!(text(&vfs), @"f: here");
    assert_snapshot!(text(&copy), @"f: same too");
}

#[test]
fn calls_are_listed_with_those_that_only_look() {
    let vfs = FaultyVfs::new();
    vfs.list_calls();
    durable(&vfs, "f", b"x").len().unwrap();
    assert!(vfs.open(Path::new("gone"), Access::ReadOnly).is_err());
    let told: Vec<String> = vfs.take_calls().iter().map(ToString::to_string).collect();
    assert_snapshot!(told.join("\n"), @"
    call 1, CreateNew f
    call 2, Write f, 1 bytes at 0
    call 3, Sync f
    call 4, SyncDir /
    call 5, Len f
    call 6, Open gone
    ");
    assert_eq!(vfs.call_count(), 6);
}
