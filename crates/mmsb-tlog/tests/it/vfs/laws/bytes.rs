//! Laws of bytes: lengths, ranges, gaps, and handles that share a file.

use std::{io::ErrorKind, path::Path};

use mmsb_tlog::vfs::{Access, Vfs};

use crate::vfs::{check_bytes, check_kind, filled};

pub(super) fn changes_succeed_in_a_logs_order(vfs: &dyn Vfs, dir: &Path) {
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

pub(super) fn a_length_follows_writes_and_truncations(vfs: &dyn Vfs, dir: &Path) {
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

pub(super) fn ranges_end_below_two_to_the_63(vfs: &dyn Vfs, dir: &Path) {
    let file = vfs.create_new(&dir.join("f")).unwrap();
    for offset in [u64::MAX, i64::MAX as u64] {
        check_kind(file.write_at(offset, b"x"), ErrorKind::InvalidInput);
        check_kind(file.read_at(offset, &mut [0]), ErrorKind::InvalidInput);
    }
    check_kind(file.truncate(u64::MAX), ErrorKind::InvalidInput);
    assert!(file.is_empty().unwrap());
}

pub(super) fn a_discard_leaves_the_length(vfs: &dyn Vfs, dir: &Path) {
    let file = vfs.create_new(&dir.join("f")).unwrap();
    file.write_at(0, &[7; 1000]).unwrap();
    file.discard_before(600);
    file.discard_before(u64::MAX);
    assert_eq!(file.len().unwrap(), 1000);
    file.write_at(1000, b"more").unwrap();
    assert_eq!(file.len().unwrap(), 1004);
}

pub(super) fn a_discard_past_the_end_spares_what_comes_after(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"gone");
    file.discard_before(u64::MAX);
    file.write_at(4, b"kept").unwrap();
    check_bytes(&*file, 4, 20, b"kept");
}

pub(super) fn bytes_come_back(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"hello world");
    file.write_at(6, b"there").unwrap();
    check_bytes(&*file, 0, 11, b"hello there");
    check_bytes(&*file, 6, 3, b"the");
    check_bytes(&*file, 6, 100, b"there");
}

pub(super) fn gaps_and_growth_read_as_zeros(vfs: &dyn Vfs, dir: &Path) {
    let file = filled(vfs, &dir.join("f"), b"abcdef");
    file.write_at(8, b"x").unwrap();
    check_bytes(&*file, 0, 20, b"abcdef\0\0x");
    file.truncate(2).unwrap();
    file.truncate(9).unwrap();
    check_bytes(&*file, 0, 20, b"ab\0\0\0\0\0\0\0");
    file.write_at(1 << 20, b"far").unwrap();
    check_bytes(&*file, (1 << 20) - 2, 20, b"\0\0far");
}

pub(super) fn handles_share_one_file(vfs: &dyn Vfs, dir: &Path) {
    let path = dir.join("f");
    let writer = vfs.create_new(&path).unwrap();
    let reader = vfs.open(&path, Access::ReadOnly).unwrap();
    writer.write_at(0, b"seen at once").unwrap();
    check_bytes(&*reader, 0, 20, b"seen at once");
    vfs.open(&path, Access::ReadWrite).unwrap().write_at(0, b"SEEN").unwrap();
    check_bytes(&*reader, 0, 20, b"SEEN at once");
}

pub(super) fn a_read_only_handle_writes_nothing(vfs: &dyn Vfs, dir: &Path) {
    filled(vfs, &dir.join("f"), b"kept");
    let reader = vfs.open(&dir.join("f"), Access::ReadOnly).unwrap();
    check_kind(reader.write_at(0, b"x"), ErrorKind::PermissionDenied);
    check_kind(reader.truncate(0), ErrorKind::PermissionDenied);
    reader.sync_data().unwrap();
    check_bytes(&*reader, 0, 20, b"kept");
}
