//! Laws of names: listed, created once, told apart, missing, removed.

use std::{io::ErrorKind, path::Path};

use mmsb_tlog::vfs::{Access, Kind, Metadata, Vfs};

use crate::vfs::{check_bytes, check_kind, filled};

pub(super) fn a_missing_name_is_not_found(vfs: &dyn Vfs, dir: &Path) {
    let gone = dir.join("gone");
    check_kind(vfs.open(&gone, Access::ReadOnly), ErrorKind::NotFound);
    check_kind(vfs.metadata(&gone), ErrorKind::NotFound);
    assert!(!vfs.exists(&gone).unwrap());
    assert!(vfs.list(dir).unwrap().is_empty());
}

pub(super) fn names_are_listed_and_measured(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("seg-2"), b"22");
    filled(vfs, &dir.join("seg-10"), b"");
    vfs.create_dir(&dir.join("d")).unwrap();
    filled(vfs, &dir.join("d/inner"), b"not listed above");
    filled(vfs, &dir.join("d-e"), b"x");
    assert_eq!(vfs.list(dir).unwrap(), ["d", "d-e", "seg-10", "seg-2"]);
    assert_eq!(vfs.list(&dir.join("d")).unwrap(), ["inner"]);
    assert_eq!(vfs.metadata(&dir.join("seg-2")).unwrap(), Metadata { kind: Kind::File, bytes: 2 });
    assert_eq!(vfs.metadata(&dir.join("d")).unwrap(), Metadata { kind: Kind::Directory, bytes: 0 });
    assert!(vfs.exists(&dir.join("d")).unwrap());
    vfs.remove(&dir.join("seg-2")).unwrap();
    assert_eq!(vfs.list(dir).unwrap(), ["d", "d-e", "seg-10"]);
}

pub(super) fn a_name_is_created_once(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("f"), b"first");
    check_kind(vfs.create_new(&dir.join("f")), ErrorKind::AlreadyExists);
    check_kind(vfs.create_dir(&dir.join("f")), ErrorKind::AlreadyExists);
    check_kind(vfs.create_dir(dir), ErrorKind::AlreadyExists);
    check_kind(vfs.create_new(dir), ErrorKind::AlreadyExists);
    check_kind(vfs.create_new(&dir.join("gone/f")), ErrorKind::NotFound);
    check_kind(vfs.create_dir(&dir.join("gone/d")), ErrorKind::NotFound);
    check_bytes(&*vfs.open(&dir.join("f"), Access::ReadOnly).unwrap(), 0, 20, b"first");
}

pub(super) fn files_and_directories_are_told_apart(vfs: &dyn Vfs, dir: &Path) {
    let file = dir.join("f");
    filled(vfs, &file, b"x");
    check_kind(vfs.open(dir, Access::ReadOnly), ErrorKind::IsADirectory);
    check_kind(vfs.remove(dir), ErrorKind::IsADirectory);
    check_file_is_no_directory(vfs, &file);
    check_kind(vfs.remove_dir(dir), ErrorKind::DirectoryNotEmpty);
    check_gone(vfs, &dir.join("gone"), &file);
    assert_eq!(vfs.list(dir).unwrap(), ["f"]);
}

#[track_caller]
fn check_file_is_no_directory(vfs: &dyn Vfs, file: &Path) {
    let inner = file.join("inner");
    for result in [
        vfs.list(file).map(drop),
        vfs.sync_dir(file),
        vfs.lock(file).map(drop),
        vfs.remove_dir(file),
        vfs.create_new(&inner).map(drop),
        vfs.open(&inner, Access::ReadOnly).map(drop),
    ] {
        check_kind(result, ErrorKind::NotADirectory);
    }
}

/// Checks that nothing finds `gone`, `file` being another one.
#[track_caller]
fn check_gone(vfs: &dyn Vfs, gone: &Path, file: &Path) {
    for result in [
        vfs.list(gone).map(drop),
        vfs.sync_dir(gone),
        vfs.lock(gone).map(drop),
        vfs.open(gone, Access::ReadWrite).map(drop),
        vfs.remove(gone),
        vfs.remove_dir(gone),
        vfs.rename(gone, file),
    ] {
        check_kind(result, ErrorKind::NotFound);
    }
}

pub(super) fn a_removed_file_lives_in_its_handle(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"old");
    vfs.remove(&dir.join("f")).unwrap();
    assert!(!vfs.exists(&dir.join("f")).unwrap());
    filled(vfs, &dir.join("f"), b"new");
    check_bytes(&*file, 0, 20, b"old");
}
