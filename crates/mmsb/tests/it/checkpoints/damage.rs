//! Checkpoints that cannot be read: an older one, or the log, does instead; or the damage is named.

use mmsb::{Epoch, Error, Retention};
use mmsb_testkit::Driver;

use super::{Disk, reachable};

/// A bus with commits before, between and behind its checkpoints; closed.
fn checkpointed(count: usize) -> (Disk, Driver) {
    let (disk, mut driver) = (Disk::new(), Driver::new(count as u64));
    let bus = disk.create();
    for _ in 0..count {
        (0..12).for_each(|_| driver.step(&bus));
        bus.checkpoint().unwrap();
    }
    (0..12).for_each(|_| driver.step(&bus));
    bus.stop().unwrap();
    (disk, driver)
}

fn checkpoint_names(disk: &Disk) -> Vec<String> {
    disk.manifest().checkpoints.iter().map(|checkpoint| checkpoint.file_name()).collect()
}

#[test]
fn behind_a_damaged_checkpoint_an_older_one_does() {
    for damaged_count in 1..=3 {
        let (disk, mut driver) = checkpointed(3);
        checkpoint_names(&disk).iter().rev().take(damaged_count).for_each(|name| disk.damage(name));
        reachable(&disk.read().unwrap(), driver.model());
        let bus = disk.open();
        reachable(&bus, driver.model());
        driver.step(&bus);
        // What cannot be read is nothing to build on.
        let made = bus.checkpoint().unwrap();
        assert_eq!(made.is_full, damaged_count == 3, "{damaged_count} damaged");
        bus.stop().unwrap();
        reachable(&disk.open(), driver.model());
    }
}

#[test]
fn a_checkpoint_that_is_gone_is_one_that_is_damaged() {
    let (disk, driver) = checkpointed(2);
    for name in checkpoint_names(&disk) {
        mmsb::vfs::Vfs::remove(disk.vfs.as_ref(), &Disk::path().join(name)).unwrap();
    }
    reachable(&disk.open(), driver.model());
}

#[test]
fn without_a_beginning_the_damage_is_named() {
    let disk = Disk::new();
    let (bus, _) = disk.checkpointed(12, 100);
    let compacted = bus.compact_to(Retention::Epochs(10)).unwrap();
    assert!(compacted.segment_count > 0, "{compacted:?}");
    drop(bus);
    for name in checkpoint_names(&disk) {
        disk.damage(&name);
    }
    let error = disk.try_open().unwrap_err();
    let newest = checkpoint_names(&disk).pop().unwrap();
    assert!(matches!(&error, Error::Corrupt { file, .. } if file.ends_with(&newest)), "{error:?}");
}

#[test]
fn a_state_whose_checkpoint_is_damaged_is_read_from_the_one_before() {
    let (disk, driver) = checkpointed(3);
    let bus = disk.open();
    let names = checkpoint_names(&disk);
    disk.damage(&names[1]);
    for (epoch, _) in driver.model().states() {
        mmsb_testkit::agree::past(&bus.at(epoch).unwrap(), driver.model());
    }
    assert_eq!(bus.oldest(), Epoch::ZERO);
}
