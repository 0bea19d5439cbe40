//! Laws of renames and locks.

use std::{io::ErrorKind, path::Path};

use mmsb_tlog::vfs::{Access, LOCK_NAME, Vfs};

use crate::vfs::{check_bytes, check_kind, filled};

pub(super) fn a_rename_replaces_a_file(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("new"), b"new");
    let replaced = filled(vfs, &dir.join("name"), b"old");
    vfs.rename(&dir.join("new"), &dir.join("name")).unwrap();
    vfs.rename(&dir.join("name"), &dir.join("name")).unwrap();
    assert_eq!(vfs.list(dir).unwrap(), ["name"]);
    check_bytes(&*vfs.open(&dir.join("name"), Access::ReadOnly).unwrap(), 0, 20, b"new");
    check_bytes(&*replaced, 0, 20, b"old");
}

pub(super) fn a_rename_moves_a_directory_whole(vfs: &dyn Vfs, dir: &Path) {
    let (source, target) = (dir.join("bus.tmp"), dir.join("bus"));
    vfs.create_dir(&source).unwrap();
    vfs.create_dir(&source.join("deep")).unwrap();
    let file = filled(vfs, &source.join("deep/f"), b"here");
    filled(vfs, &dir.join("bus.tmp2"), b"stays");
    vfs.create_dir(&target).unwrap();
    vfs.rename(&source, &target).unwrap();
    assert_eq!(vfs.list(dir).unwrap(), ["bus", "bus.tmp2"]);
    assert_eq!(vfs.list(&target).unwrap(), ["deep"]);
    file.write_at(4, b" too").unwrap();
    check_bytes(&*vfs.open(&target.join("deep/f"), Access::ReadOnly).unwrap(), 0, 20, b"here too");
    check_kind(vfs.open(&source.join("deep/f"), Access::ReadOnly), ErrorKind::NotFound);
}

pub(super) fn a_rename_refuses_what_would_lose_data(vfs: &dyn Vfs, dir: &Path) {
    for name in ["a", "b"] {
        vfs.create_dir(&dir.join(name)).unwrap();
        filled(vfs, &dir.join(name).join("f"), name.as_bytes());
    }
    let refused =
        |source: &str, target: &str, kind| check_kind(vfs.rename(&dir.join(source), &dir.join(target)), kind);
    refused("a", "b", ErrorKind::DirectoryNotEmpty);
    refused("a", "b/f", ErrorKind::NotADirectory);
    refused("a/f", "b", ErrorKind::IsADirectory);
    refused("a", "a/inner", ErrorKind::InvalidInput);
    refused("a/f", "a/f/inner", ErrorKind::NotADirectory);
    refused("a/f", "gone/f", ErrorKind::NotFound);
    refused("a/f", "b/f/inner", ErrorKind::NotADirectory);
    for name in ["a", "b"] {
        let file = vfs.open(&dir.join(name).join("f"), Access::ReadOnly).unwrap();
        check_bytes(&*file, 0, 20, name.as_bytes());
    }
}

pub(super) fn a_lock_excludes_until_it_is_dropped(vfs: &dyn Vfs, dir: &Path) {
    let lock = vfs.lock(dir).unwrap();
    let refusal = vfs.lock(dir).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::WouldBlock);
    assert!(refusal.to_string().contains("is locked by this process"), "{refusal}");
    check_kind(vfs.lock(dir), ErrorKind::WouldBlock);
    vfs.create_dir(&dir.join("other")).unwrap();
    let other = vfs.lock(&dir.join("other")).unwrap();
    drop(lock);
    let again = vfs.lock(dir).unwrap();
    assert_eq!(vfs.list(dir).unwrap(), [LOCK_NAME, "other"]);
    drop((again, other));
}

pub(super) fn a_lock_goes_along_with_its_directory(vfs: &dyn Vfs, dir: &Path) {
    let (source, target) = (dir.join("bus.tmp"), dir.join("bus"));
    vfs.create_dir(&source).unwrap();
    let lock = vfs.lock(&source).unwrap();
    vfs.rename(&source, &target).unwrap();
    vfs.create_dir(&source).unwrap();
    drop(vfs.lock(&source).unwrap());
    check_kind(vfs.lock(&target), ErrorKind::WouldBlock);
    drop(lock);
    drop(vfs.lock(&target).unwrap());
}
