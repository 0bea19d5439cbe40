//! The disk in memory, and the one that keeps nothing: clones, roots, and what is given back.

use std::{io::ErrorKind, path::Path};

use mmsb_tlog::vfs::{Access, Kind, MemoryVfs, NullVfs, Vfs};

use super::{check_bytes, check_kind, filled};

#[test]
fn clones_of_a_disk_in_memory_are_one_disk() {
    let (disk, root) = (MemoryVfs::new(), Path::new("/"));
    filled(&disk, Path::new("/f"), b"shared");
    let clone = disk.clone();
    drop(disk);
    check_bytes(&*clone.open(Path::new("f"), Access::ReadOnly).unwrap(), 0, 20, b"shared");
    assert!(MemoryVfs::new().list(root).unwrap().is_empty(), "another disk has its own names");
}

#[test]
fn a_disk_in_memory_keeps_its_root_and_knows_no_parent_of_it() {
    let disk = MemoryVfs::new();
    let (root, name) = (Path::new("/"), Path::new("d"));
    disk.create_dir(name).unwrap();
    check_kind(disk.create_new(Path::new("/d/../f")), ErrorKind::InvalidInput);
    check_kind(disk.create_dir(root), ErrorKind::AlreadyExists);
    check_kind(disk.rename(root, name), ErrorKind::InvalidInput);
    check_kind(disk.rename(name, root), ErrorKind::DirectoryNotEmpty);
    check_kind(disk.remove_dir(root), ErrorKind::DirectoryNotEmpty);
    disk.remove_dir(name).unwrap();
    check_kind(disk.remove_dir(root), ErrorKind::InvalidInput);
    assert_eq!(disk.metadata(root).unwrap().kind, Kind::Directory);
}

#[test]
fn memory_refuses_what_was_discarded_and_keeps_the_rest() {
    let disk = MemoryVfs::new();
    let bytes: Vec<u8> = (0..300_000u32).map(|index| (index % 251) as u8).collect();
    let file = filled(&disk, Path::new("/f"), &bytes);
    file.discard_before(200_000);
    file.discard_before(100);
    for offset in [0, 150_000, 199_999] {
        check_kind(file.read_at(offset, &mut [0; 4]), ErrorKind::Unsupported);
    }
    check_bytes(&*file, 200_000, 200_000, &bytes[200_000..]);
    file.write_at(0, b"dropped").unwrap();
    check_kind(file.read_at(0, &mut [0; 4]), ErrorKind::Unsupported);
    check_kind(
        disk.open(Path::new("/f"), Access::ReadOnly).unwrap().read_at(0, &mut [0]),
        ErrorKind::Unsupported,
    );
    file.truncate(100_000).unwrap();
    file.write_at(100_002, b"new").unwrap();
    check_bytes(&*file, 100_000, 20, b"\0\0new");
    check_kind(file.read_at(99_999, &mut [0]), ErrorKind::Unsupported);
}

#[test]
fn memory_gives_back_what_is_discarded_cut_or_removed() {
    let (disk, chunk) = (MemoryVfs::new(), 65_536);
    let file = filled(&disk, Path::new("/f"), &vec![1; 10 * chunk]);
    let held = || disk.held_bytes() / chunk as u64;
    assert_eq!(held(), 10);
    file.discard_before(4 * chunk as u64 - 1);
    assert_eq!(held(), 7, "a chunk stays while one byte of it may be read");
    file.discard_before(4 * chunk as u64);
    assert_eq!(held(), 6);
    file.write_at(0, &vec![2; 5 * chunk]).unwrap();
    assert_eq!(held(), 6, "writing before the kept bytes takes no memory");
    file.truncate(8 * chunk as u64).unwrap();
    assert_eq!(held(), 4);
    file.write_at(1 << 40, b"far").unwrap();
    assert_eq!(held(), 5, "a gap takes no memory");
    disk.remove(Path::new("/f")).unwrap();
    assert_eq!(held(), 0);
}

#[test]
fn a_null_disk_counts_what_it_drops_and_reads_nothing_back() {
    let disk = NullVfs::default();
    let file = disk.clone().create_new(Path::new("/f")).unwrap();
    file.write_at(0, b"abc").unwrap();
    file.write_at(3, b"defgh").unwrap();
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    assert_eq!((disk.write_count(), disk.written_bytes(), disk.sync_count()), (2, 8, 2));
    let refusal = file.read_at(0, &mut [0; 4]).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::Unsupported);
    insta::assert_snapshot!(refusal, @"a null disk keeps no bytes, so what was written cannot be read");
    check_kind(disk.open(Path::new("/f"), Access::ReadOnly), ErrorKind::NotFound);
}

#[test]
fn a_null_disk_gives_a_writer_an_empty_file() {
    let disk = NullVfs::default();
    disk.clone().create_new(Path::new("/f")).unwrap().write_at(0, b"abcdefgh").unwrap();
    let reopened = disk.open(Path::new("/f"), Access::ReadWrite).unwrap();
    assert!(reopened.is_empty().unwrap(), "a writer gets an empty file");
    reopened.write_at(4096, b"frame").unwrap();
    assert_eq!((reopened.len().unwrap(), disk.written_bytes()), (4101, 13));
}
