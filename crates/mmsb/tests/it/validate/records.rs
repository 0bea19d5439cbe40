//! Records that are not as they were written, not in their order, or of another run.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, InstanceId,
    validate::files_of,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_tlog::LogDir;

use super::told;

/// A closed log of a page and eight lines, and where each commit stands in it.
fn log(instance: u8) -> (Vec<u8>, Vec<usize>, MemoryVfs) {
    let (disk, path) = (MemoryVfs::new(), Path::new("bus"));
    let bus = Bus::builder().instance_id([instance; 16]).prewrite(false);
    let bus = bus.create_on(Arc::new(disk.clone()), path).unwrap();
    let page = bus.create_page("page", 64).unwrap();
    for turn in 0..8u64 {
        bus.put(page, 8 * turn as u32, &(turn ^ u64::from(instance))).unwrap();
    }
    let places = bus.commits().unwrap().map(|commit| commit.unwrap().lsn.get() as usize).collect();
    bus.stop().unwrap();
    let file = disk.open(&path.join("seg-1"), Access::ReadOnly).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    (bytes, places, disk)
}

/// Changes the segment of a log, and compares what is told of it.
#[track_caller]
fn check(spoil: impl FnOnce(&mut [u8], &[usize]), expect: &str) {
    let (mut bytes, places, disk) = log(1);
    let dir = LogDir::open(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    assert_eq!(dir.instance(), InstanceId([1; 16]));
    assert_eq!(files_of(dir.clone()).unwrap(), []);
    spoil(&mut bytes, &places);
    disk.open(Path::new("bus/seg-1"), Access::ReadWrite).unwrap().write_at(0, &bytes).unwrap();
    assert_eq!(told(&files_of(dir).unwrap()), expect);
}

fn swap(bytes: &mut [u8], one: usize, other: usize) {
    let (head, tail) = bytes.split_at_mut(other);
    head[one..one + 64].swap_with_slice(&mut tail[..64]);
}

#[test]
fn a_flipped_bit_is_told_with_its_record() {
    let stored = "stored 0xe5b29ff0, computed 0x611a79fd";
    let at = "log/record-whole at lsn:448: bus/seg-1 at offset 448, record 4";
    check(|bytes, places| bytes[places[3] + 20] ^= 4, &format!("{at}: body checksum mismatch: {stored}"));
}

#[test]
fn records_in_another_order_are_told() {
    let swapped = "log/numbers-dense at lsn:448: bus/seg-1 at offset 448, record 4: number 6 where 4 should be\n\
                   log/numbers-dense at lsn:704: bus/seg-1 at offset 704, record 6: number 4 where 6 should be";
    check(|bytes, places| swap(bytes, places[3], places[5]), swapped);
}

#[test]
fn a_record_that_comes_twice_is_told() {
    let twice = "log/numbers-dense at lsn:576: bus/seg-1 at offset 576, record 5: number 4 where 5 should be";
    check(|bytes, places| bytes.copy_within(places[3]..places[4], places[4]), twice);
}

#[test]
fn a_record_of_another_run_is_told() {
    let (other, ..) = log(2);
    let stray = "log/one-run at lsn:448: bus/seg-1 at offset 448, record 4: a mark of another place or bus";
    let splice = |bytes: &mut [u8], places: &[usize]| {
        bytes[places[3]..places[4]].copy_from_slice(&other[places[3]..places[4]]);
    };
    check(splice, stray);
}
