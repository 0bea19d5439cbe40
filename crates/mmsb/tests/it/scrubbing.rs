//! Scrubbing: damage at rest is found and named while the bus goes on, and nothing else is taken for it.

use std::{
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use mmsb::{Bus, Error, Scrub, Scrubbed, Scrubber, vfs::Vfs};
use mmsb_testkit::Driver;

use crate::checkpoints::{Disk, fill_log};

const AT_ONCE: Scrub = Scrub { bytes_per_second: u64::MAX, rest: Duration::ZERO };

/// Scrubs without a pause; what each round finds waits to be received.
fn scrub(bus: &Bus) -> (Scrubber, Receiver<Result<Scrubbed, Error>>) {
    let (tell, heard) = channel();
    let scrubber = bus.scrub(AT_ONCE, move |round| drop(tell.send(round))).unwrap();
    (scrubber, heard)
}

fn round(bus: &Bus) -> Scrubbed {
    let (_scrubber, heard) = scrub(bus);
    heard.recv().unwrap().unwrap()
}

/// Asserts that a round finds just one damage, in the file of that name.
#[track_caller]
fn check(bus: &Bus, name: &str) -> Scrubbed {
    let found = round(bus);
    let [damage] = &found.damage[..] else { panic!("{found:?}") };
    assert_eq!(damage.file(), Some(&*Disk::path().join(name)), "{damage}");
    found
}

#[test]
fn a_round_reads_everything_and_finds_no_damage_beside_a_writer() {
    let disk = Disk::new();
    let (bus, page) = disk.checkpointed(3, 100);
    let (_scrubber, heard) = scrub(&bus);
    for turn in 0..20u64 {
        fill_log(&bus, page, turn);
        let found = heard.recv().unwrap().unwrap();
        assert!(found.damage.is_empty(), "{found:?}");
        assert_eq!(found.checkpoint_count, 3);
        assert!(found.segment_count > 3 && found.epoch.get() > 300, "{found:?}");
    }
}

#[test]
fn a_damaged_segment_is_named_and_the_rest_is_read() {
    let disk = Disk::new();
    let (bus, page) = disk.checkpointed(1, 200);
    let segments = disk.manifest().segments.clone();
    disk.damage(&segments[1].file_name());
    let found = check(&bus, &segments[1].file_name());
    assert_eq!((found.segment_count, found.checkpoint_count), (segments.len() as u64 - 1, 1));
    fill_log(&bus, page, 10);
    bus.stop().unwrap();
}

#[test]
fn damage_that_comes_later_is_found_by_a_later_round() {
    let disk = Disk::new();
    let (bus, _) = disk.checkpointed(2, 50);
    let (_scrubber, heard) = scrub(&bus);
    assert!(heard.recv().unwrap().unwrap().damage.is_empty());
    let name = disk.manifest().checkpoints[0].file_name();
    disk.damage(&name);
    let found = heard.iter().map(Result::unwrap).find(|found| !found.damage.is_empty()).unwrap();
    assert_eq!(found.damage[0].file(), Some(&*Disk::path().join(name)));
    assert_eq!((found.damage.len(), found.checkpoint_count), (1, 1));
}

#[test]
fn a_segment_that_is_not_there_is_damage() {
    let disk = Disk::new();
    let (bus, _) = disk.checkpointed(1, 200);
    let name = disk.manifest().segments[1].file_name();
    disk.vfs.remove(&Disk::path().join(&name)).unwrap();
    check(&bus, &name);
}

#[test]
fn a_random_run_is_whole_also_for_who_only_reads() {
    let (disk, mut driver) = (Disk::new(), Driver::new(7));
    let bus = disk.create();
    for _ in 0..5 {
        (0..20).for_each(|_| driver.step(&bus));
        bus.checkpoint().unwrap();
    }
    let epoch = bus.epoch();
    bus.stop().unwrap();
    let reader = Disk::builder().read_on(disk.vfs.clone(), Disk::path()).unwrap();
    let found = round(&reader);
    assert!(found.damage.is_empty() && found.epoch == epoch && found.checkpoint_count == 5, "{found:?}");
}

#[test]
fn the_slowest_ends_when_it_is_dropped_and_has_told_nothing() {
    let (bus, _) = Disk::new().checkpointed(1, 50);
    let (tell, heard) = channel();
    let slowest = Scrub { bytes_per_second: 0, ..Scrub::default() };
    let scrubber = bus.scrub(slowest, move |round| drop(tell.send(round))).unwrap();
    drop(scrubber);
    assert!(heard.recv().is_err());
}

#[test]
fn it_ends_with_its_bus() {
    let (bus, _) = Disk::new().checkpointed(1, 50);
    let (_scrubber, heard) = scrub(&bus);
    drop(heard.recv().unwrap().unwrap());
    drop(bus);
    // Ends only if the thread does.
    heard.iter().for_each(drop);
}

#[test]
fn a_bus_in_memory_has_no_files_to_scrub() {
    let told = Bus::in_memory().unwrap().scrub(AT_ONCE, drop);
    assert!(matches!(told, Err(Error::NoDirectory)), "{told:?}");
}
