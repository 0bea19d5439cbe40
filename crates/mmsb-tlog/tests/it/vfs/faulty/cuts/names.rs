//! Power cuts and names: a directory must be synced, and a rename is whole.

use std::path::Path;

use insta::assert_snapshot;
use mmsb_tlog::vfs::{FaultyVfs, Vfs, faulty::Crash};

use super::super::{durable, text};

#[test]
fn a_name_needs_its_directory_synced() {
    let vfs = FaultyVfs::new();
    let file = vfs.create_new(Path::new("new")).unwrap();
    file.write_at(0, b"bytes").unwrap();
    file.sync_all().unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"");
    vfs.sync_dir(Path::new("/")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"new: bytes");
    vfs.remove(Path::new("new")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"new: bytes");
    assert_snapshot!(text(&vfs.crash(Crash::Keep)), @"");
}

#[test]
fn a_rename_happens_whole_or_not_at_all() {
    let vfs = FaultyVfs::new();
    durable(&vfs, "target", b"old");
    durable(&vfs, "target.tmp", b"new");
    vfs.rename(Path::new("target.tmp"), Path::new("target")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"
    target: old
    target.tmp: new
    ");
    assert_snapshot!(text(&vfs.crash(Crash::Keep)), @"target: new");
    vfs.sync_dir(Path::new("/")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"target: new");
}

#[test]
fn a_rename_before_the_sync_of_the_data_leaves_an_empty_file() {
    let vfs = FaultyVfs::new();
    vfs.create_new(Path::new("f.tmp")).unwrap().write_at(0, b"data").unwrap();
    vfs.rename(Path::new("f.tmp"), Path::new("f")).unwrap();
    vfs.sync_dir(Path::new("/")).unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"f: ");
}
