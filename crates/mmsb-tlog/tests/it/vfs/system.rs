//! The system's disk: locks between handles, rights, links, and what is no regular file.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{PermissionsExt, symlink},
};

use mmsb_tlog::vfs::{Access, Kind, LOCK_NAME, Metadata, OsVfs, Vfs};

use super::{check_bytes, check_kind, filled};

#[test]
fn the_system_refuses_a_lock_that_another_handle_holds() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(LOCK_NAME), "4711\n").unwrap();
    let holder = fs::File::open(root.path().join(LOCK_NAME)).unwrap();
    holder.try_lock().unwrap();
    let refusal = OsVfs.lock(root.path()).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::WouldBlock);
    assert!(
        refusal.to_string().ends_with("is locked by another holder, by its own word process 4711"),
        "{refusal}"
    );
    drop(holder);
    drop(OsVfs.lock(root.path()).unwrap());
}

#[test]
fn a_held_lock_refuses_every_other_handle() {
    let root = tempfile::tempdir().unwrap();
    let lock = OsVfs.lock(root.path()).unwrap();
    let path = root.path().join(LOCK_NAME);
    let other = fs::File::open(&path).unwrap();
    assert!(matches!(other.try_lock(), Err(fs::TryLockError::WouldBlock)));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    drop(lock);
    other.try_lock().unwrap();
}

#[test]
fn a_directory_is_one_by_whatever_path_it_is_locked() {
    let root = tempfile::tempdir().unwrap();
    let (bus, link) = (root.path().join("bus"), root.path().join("link"));
    OsVfs.create_dir(&bus).unwrap();
    symlink(&bus, &link).unwrap();
    let lock = OsVfs.lock(&link).unwrap();
    // The text names the first path without links, which only the registry knows.
    let refusal = OsVfs.lock(&bus).unwrap_err().to_string();
    let first = bus.canonicalize().unwrap();
    assert!(refusal.ends_with(&format!("this process, which opened it as {}", first.display())), "{refusal}");
    drop(lock);
}

#[test]
fn what_the_systems_disk_creates_is_its_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    OsVfs.create_dir(&root.path().join("d")).unwrap();
    OsVfs.create_new(&root.path().join("f")).unwrap();
    drop(OsVfs.lock(root.path()).unwrap());
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("d"), mode("f"), mode(LOCK_NAME)), (0o700, 0o600, 0o600));
}

#[test]
fn the_systems_disk_follows_no_link_to_a_file() {
    let root = tempfile::tempdir().unwrap();
    let (target, link, dangling) =
        (root.path().join("f"), root.path().join("link"), root.path().join("dangling"));
    filled(&OsVfs, &target, b"private");
    symlink(&target, &link).unwrap();
    symlink(root.path().join("gone"), &dangling).unwrap();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        check_kind(OsVfs.open(&link, access), ErrorKind::InvalidInput);
    }
    check_kind(OsVfs.create_new(&dangling), ErrorKind::AlreadyExists);
    assert!(!root.path().join("gone").exists());
    assert_eq!(OsVfs.metadata(&link).unwrap(), Metadata { kind: Kind::Other, bytes: 0 });
    assert!(OsVfs.exists(&dangling).unwrap());
    OsVfs.create_dir(&root.path().join("bus")).unwrap();
    symlink(&target, root.path().join("bus").join(LOCK_NAME)).unwrap();
    check_kind(OsVfs.lock(&root.path().join("bus")), ErrorKind::InvalidInput);
    assert_eq!(fs::read(&target).unwrap(), b"private");
}

#[test]
fn the_systems_disk_opens_regular_files_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("seg-1");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    check_kind(OsVfs.open(&path, Access::ReadOnly), ErrorKind::InvalidInput);
    check_kind(OsVfs.sync_dir(&path), ErrorKind::NotADirectory);
}

#[test]
fn a_refused_lock_leaves_the_directory_free() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(LOCK_NAME)).unwrap();
    check_kind(OsVfs.lock(root.path()), ErrorKind::IsADirectory);
    fs::remove_dir(root.path().join(LOCK_NAME)).unwrap();
    drop(OsVfs.lock(root.path()).unwrap());
}

#[test]
fn a_name_is_gone_at_once_whenever_its_bytes_go() {
    let (root, bytes) = (tempfile::tempdir().unwrap(), vec![7; 9 << 20]);
    let path = root.path().join("f");
    let held = filled(&OsVfs, &path, &bytes);
    OsVfs.remove_aside(&path).unwrap();
    assert!(!OsVfs.exists(&path).unwrap());
    check_kind(OsVfs.remove_aside(&path), ErrorKind::NotFound);
    filled(&OsVfs, &path, b"new");
    check_bytes(&*held, 0, bytes.len(), &bytes);
    // A link is removed, not what it leads to.
    let (large, link) = (root.path().join("large"), root.path().join("link"));
    filled(&OsVfs, &large, &bytes);
    symlink(&large, &link).unwrap();
    OsVfs.remove_aside(&link).unwrap();
    assert_eq!(OsVfs.metadata(&large).unwrap(), Metadata { kind: Kind::File, bytes: 9 << 20 });
}
