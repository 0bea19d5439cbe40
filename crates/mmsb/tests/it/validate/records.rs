//! Records that are not as they were written, not in their order, or of another run.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Epoch, InstanceId, PageId, Place,
    validate::files_of,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_tlog::{Log, LogDir, LogOptions, Scan};

use super::told;
use crate::hostile::forge::{Forged, created, write};

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

#[test]
fn a_damaged_checkpoint_is_told_by_its_epoch() {
    let (disk, path) = (MemoryVfs::new(), Path::new("bus"));
    let bus = Bus::builder().prewrite(false).create_on(Arc::new(disk.clone()), path).unwrap();
    bus.create_page("page", 64).unwrap();
    bus.checkpoint().unwrap();
    bus.stop().unwrap();
    flip(&disk, "bus/ckpt-1", 100);
    let found = files_of(LogDir::open(Arc::new(disk), path).unwrap()).unwrap();
    assert_eq!(
        (found[0].rule, found[0].place),
        ("log/checkpoint-whole", Place::Epoch(Epoch::new(1))),
        "{found:?}"
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_state_that_the_log_tells_otherwise_is_told() {
    let (dir, _) = write(&[Forged::events(&[created(1, None)]), Forged::patch(1, 0, b"x")]);
    assert_eq!(files_of(dir.clone()).unwrap(), []);
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::run(&dir).unwrap(), LogOptions::default()).unwrap();
    log.append_state(2, [7; 32]).unwrap();
    log.close().unwrap();
    let found = files_of(dir).unwrap();
    assert_eq!(
        (found[0].rule, found[0].place),
        ("mmsb/replay-equals-told", Place::Epoch(Epoch::new(2))),
        "{found:?}"
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_live_bus_whose_log_is_damaged_is_told_so() {
    let (disk, path) = (MemoryVfs::new(), Path::new("bus"));
    let bus = Bus::builder().prewrite(false).create_on(Arc::new(disk.clone()), path).unwrap();
    bus.create_page("page", 64).unwrap();
    bus.put(PageId::new(1), 0, &7u64).unwrap();
    assert_eq!(bus.validate(), []);
    flip(&disk, "bus/seg-1", 90);
    let rules: Vec<_> = bus.validate().iter().map(|found| found.rule).collect();
    assert!(rules.contains(&"mmsb/log-readable"), "{rules:?}");
}

fn flip(disk: &MemoryVfs, path: &str, offset: u64) {
    let (file, mut byte) = (disk.open(Path::new(path), Access::ReadWrite).unwrap(), [0]);
    file.read_at(offset, &mut byte).unwrap();
    file.write_at(offset, &[byte[0] ^ 1]).unwrap();
}
