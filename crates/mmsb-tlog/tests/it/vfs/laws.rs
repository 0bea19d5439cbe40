//! The laws of every disk. `NULL_LAWS` are those that a disk can hold that keeps nothing; `KEEPING_LAWS` are
//! the others.

use std::io::ErrorKind;
use std::path::Path;

use mmsb_tlog::vfs::{Access, Kind, LOCK_NAME, Metadata, Vfs};

use super::{check_bytes, check_kind, filled};

/// Takes any disk and an empty directory on it.
pub type Law = fn(&dyn Vfs, &Path);

/// What even a disk that keeps nothing holds.
pub const NULL_LAWS: &[(&str, Law)] = &[
    ("changes succeed in a log's order", changes_succeed_in_a_logs_order),
    ("a length follows writes and truncations", a_length_follows_writes_and_truncations),
    ("ranges end below 2^63", ranges_end_below_two_to_the_63),
    ("a missing name is not found", a_missing_name_is_not_found),
    ("a discard leaves the length", a_discard_leaves_the_length),
];

/// What every disk holds that keeps bytes and names.
pub const KEEPING_LAWS: &[(&str, Law)] = &[
    ("a discard past the end spares what comes after", a_discard_past_the_end_spares_what_comes_after),
    ("bytes come back", bytes_come_back),
    ("gaps and growth read as zeros", gaps_and_growth_read_as_zeros),
    ("handles share one file", handles_share_one_file),
    ("a read-only handle writes nothing", a_read_only_handle_writes_nothing),
    ("names are listed and measured", names_are_listed_and_measured),
    ("a name is created once", a_name_is_created_once),
    ("files and directories are told apart", files_and_directories_are_told_apart),
    ("a removed file lives in its handle", a_removed_file_lives_in_its_handle),
    ("a rename replaces a file", a_rename_replaces_a_file),
    ("a rename moves a directory whole", a_rename_moves_a_directory_whole),
    ("a rename refuses what would lose data", a_rename_refuses_what_would_lose_data),
    ("a lock excludes until it is dropped", a_lock_excludes_until_it_is_dropped),
    ("a lock goes along with its directory", a_lock_goes_along_with_its_directory),
];

/// Runs every law of `sets`, each in a directory of its own below `root`.
pub fn laws(vfs: &dyn Vfs, root: &Path, sets: &[&[(&str, Law)]]) {
    for (index, (name, law)) in sets.iter().copied().flatten().enumerate() {
        println!("law: {name}");
        let dir = root.join(format!("law-{index}"));
        vfs.create_dir(&dir).unwrap();
        law(vfs, &dir);
    }
}

fn changes_succeed_in_a_logs_order(vfs: &dyn Vfs, dir: &Path) {
    let (temporary, bus) = (dir.join("bus.tmp"), dir.join("bus"));
    vfs.create_dir(&temporary).unwrap();
    let segment = vfs.create_new(&temporary.join("seg-1")).unwrap();
    segment.write_at(0, b"head").unwrap();
    segment.sync_all().unwrap();
    vfs.sync_dir(&temporary).unwrap();
    vfs.rename(&temporary, &bus).unwrap();
    vfs.sync_dir(dir).unwrap();
    let lock = vfs.lock(&bus).unwrap();
    segment.write_at(4, b"frame").unwrap();
    segment.sync_data().unwrap();
    assert_eq!(segment.len().unwrap(), 9);
    drop(lock);
    vfs.remove(&bus.join("seg-1")).unwrap();
    vfs.create_dir(&dir.join("scratch")).unwrap();
    vfs.remove_dir(&dir.join("scratch")).unwrap();
}

fn a_length_follows_writes_and_truncations(vfs: &dyn Vfs, dir: &Path) {
    let file = vfs.create_new(&dir.join("f")).unwrap();
    assert!(file.is_empty().unwrap());
    file.write_at(10, b"").unwrap();
    assert_eq!(file.len().unwrap(), 0, "an empty write grows nothing");
    file.write_at(10, b"abc").unwrap();
    file.write_at(0, b"abc").unwrap();
    assert_eq!(file.len().unwrap(), 13);
    assert_eq!(file.read_at(13, &mut [0; 8]).unwrap(), 0, "nothing beyond the end");
    file.truncate(5).unwrap();
    assert_eq!(file.len().unwrap(), 5);
    file.truncate(500_000).unwrap();
    assert_eq!(file.len().unwrap(), 500_000);
    assert_eq!(file.read_at(0, &mut []).unwrap(), 0);
}

fn ranges_end_below_two_to_the_63(vfs: &dyn Vfs, dir: &Path) {
    let file = vfs.create_new(&dir.join("f")).unwrap();
    for offset in [u64::MAX, i64::MAX as u64] {
        check_kind(file.write_at(offset, b"x"), ErrorKind::InvalidInput);
        check_kind(file.read_at(offset, &mut [0]), ErrorKind::InvalidInput);
    }
    check_kind(file.truncate(u64::MAX), ErrorKind::InvalidInput);
    assert!(file.is_empty().unwrap());
}

fn a_missing_name_is_not_found(vfs: &dyn Vfs, dir: &Path) {
    let gone = dir.join("gone");
    check_kind(vfs.open(&gone, Access::ReadOnly), ErrorKind::NotFound);
    check_kind(vfs.metadata(&gone), ErrorKind::NotFound);
    assert!(!vfs.exists(&gone).unwrap());
    assert!(vfs.list(dir).unwrap().is_empty());
}

fn a_discard_leaves_the_length(vfs: &dyn Vfs, dir: &Path) {
    let file = vfs.create_new(&dir.join("f")).unwrap();
    file.write_at(0, &[7; 1000]).unwrap();
    file.discard_before(600);
    file.discard_before(u64::MAX);
    assert_eq!(file.len().unwrap(), 1000);
    file.write_at(1000, b"more").unwrap();
    assert_eq!(file.len().unwrap(), 1004);
}

fn a_discard_past_the_end_spares_what_comes_after(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"gone");
    file.discard_before(u64::MAX);
    file.write_at(4, b"kept").unwrap();
    check_bytes(&*file, 4, 20, b"kept");
}

fn bytes_come_back(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"hello world");
    file.write_at(6, b"there").unwrap();
    check_bytes(&*file, 0, 11, b"hello there");
    check_bytes(&*file, 6, 3, b"the");
    check_bytes(&*file, 6, 100, b"there");
}

fn gaps_and_growth_read_as_zeros(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"abcdef");
    file.write_at(8, b"x").unwrap();
    check_bytes(&*file, 0, 20, b"abcdef\0\0x");
    file.truncate(2).unwrap();
    file.truncate(9).unwrap();
    check_bytes(&*file, 0, 20, b"ab\0\0\0\0\0\0\0");
    file.write_at(1 << 20, b"far").unwrap();
    check_bytes(&*file, (1 << 20) - 2, 20, b"\0\0far");
}

fn handles_share_one_file(vfs: &dyn Vfs, dir: &Path) {
    let path = dir.join("f");
    let writer = vfs.create_new(&path).unwrap();
    let reader = vfs.open(&path, Access::ReadOnly).unwrap();
    writer.write_at(0, b"seen at once").unwrap();
    check_bytes(&*reader, 0, 20, b"seen at once");
    vfs.open(&path, Access::ReadWrite).unwrap().write_at(0, b"SEEN").unwrap();
    check_bytes(&*reader, 0, 20, b"SEEN at once");
}

fn a_read_only_handle_writes_nothing(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("f"), b"kept");
    let reader = vfs.open(&dir.join("f"), Access::ReadOnly).unwrap();
    check_kind(reader.write_at(0, b"x"), ErrorKind::PermissionDenied);
    check_kind(reader.truncate(0), ErrorKind::PermissionDenied);
    reader.sync_data().unwrap();
    check_bytes(&*reader, 0, 20, b"kept");
}

fn names_are_listed_and_measured(vfs: &dyn Vfs, dir: &Path) {
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

fn a_name_is_created_once(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("f"), b"first");
    check_kind(vfs.create_new(&dir.join("f")), ErrorKind::AlreadyExists);
    check_kind(vfs.create_dir(&dir.join("f")), ErrorKind::AlreadyExists);
    check_kind(vfs.create_dir(dir), ErrorKind::AlreadyExists);
    check_kind(vfs.create_new(dir), ErrorKind::AlreadyExists);
    check_kind(vfs.create_new(&dir.join("gone/f")), ErrorKind::NotFound);
    check_kind(vfs.create_dir(&dir.join("gone/d")), ErrorKind::NotFound);
    check_bytes(&*vfs.open(&dir.join("f"), Access::ReadOnly).unwrap(), 0, 20, b"first");
}

fn files_and_directories_are_told_apart(vfs: &dyn Vfs, dir: &Path) {
    let (file, inner) = (dir.join("f"), dir.join("f/inner"));
    filled(vfs, &file, b"x");
    check_kind(vfs.open(dir, Access::ReadOnly), ErrorKind::IsADirectory);
    check_kind(vfs.remove(dir), ErrorKind::IsADirectory);
    for result in [
        vfs.list(&file).map(drop),
        vfs.sync_dir(&file),
        vfs.lock(&file).map(drop),
        vfs.remove_dir(&file),
        vfs.create_new(&inner).map(drop),
        vfs.open(&inner, Access::ReadOnly).map(drop),
    ] {
        check_kind(result, ErrorKind::NotADirectory);
    }
    check_kind(vfs.remove_dir(dir), ErrorKind::DirectoryNotEmpty);
    let gone = dir.join("gone");
    for result in [
        vfs.list(&gone).map(drop),
        vfs.sync_dir(&gone),
        vfs.lock(&gone).map(drop),
        vfs.open(&gone, Access::ReadWrite).map(drop),
        vfs.remove(&gone),
        vfs.remove_dir(&gone),
        vfs.rename(&gone, &file),
    ] {
        check_kind(result, ErrorKind::NotFound);
    }
    assert_eq!(vfs.list(dir).unwrap(), ["f"]);
}

fn a_removed_file_lives_in_its_handle(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"old");
    vfs.remove(&dir.join("f")).unwrap();
    assert!(!vfs.exists(&dir.join("f")).unwrap());
    filled(vfs, &dir.join("f"), b"new");
    check_bytes(&*file, 0, 20, b"old");
}

fn a_rename_replaces_a_file(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("new"), b"new");
    let replaced = filled(vfs, &dir.join("name"), b"old");
    vfs.rename(&dir.join("new"), &dir.join("name")).unwrap();
    vfs.rename(&dir.join("name"), &dir.join("name")).unwrap();
    assert_eq!(vfs.list(dir).unwrap(), ["name"]);
    check_bytes(&*vfs.open(&dir.join("name"), Access::ReadOnly).unwrap(), 0, 20, b"new");
    check_bytes(&*replaced, 0, 20, b"old");
}

fn a_rename_moves_a_directory_whole(vfs: &dyn Vfs, dir: &Path) {
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

fn a_rename_refuses_what_would_lose_data(vfs: &dyn Vfs, dir: &Path) {
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

fn a_lock_excludes_until_it_is_dropped(vfs: &dyn Vfs, dir: &Path) {
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

fn a_lock_goes_along_with_its_directory(vfs: &dyn Vfs, dir: &Path) {
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
