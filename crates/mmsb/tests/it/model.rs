//! Random transactions against an oracle that keeps every epoch: live, past, history, reopened, read-only.

use std::{path::Path, sync::Arc};

use mmsb::{
    Builder, Bus,
    vfs::{MemoryVfs, OsVfs, Vfs},
};
use mmsb_testkit::{Driver, agree};

/// Runs a seed on a disk: everything agrees at the end, after each reopening, and for a reader beside it.
#[track_caller]
fn check(seed: u64, vfs: Arc<dyn Vfs>, path: &Path, steps: usize) {
    println!("seed {seed}");
    let mut driver = Driver::new(seed);
    let mut bus = Bus::builder().sites(true).create_on(Arc::clone(&vfs), path).unwrap();
    for round in 0..3 {
        for step in 0..steps {
            driver.step(&bus);
            if step % 8 == 0 {
                agree::live(&bus, driver.model());
            }
        }
        let reader = Builder::default().read_on(Arc::clone(&vfs), path).unwrap();
        agree::everywhere(&reader, driver.model());
        if round == 1 {
            drop(bus);
        } else {
            bus.stop().unwrap();
        }
        bus = Builder::default().open_on(Arc::clone(&vfs), path).unwrap();
        agree::live(&bus, driver.model());
    }
    agree::everywhere(&bus, driver.model());
}

#[test]
fn a_bus_on_a_disk_in_memory_is_what_the_oracle_says() {
    for seed in 0..6 {
        check(seed, Arc::new(MemoryVfs::new()), Path::new("bus"), 25);
    }
}

#[test]
fn a_bus_on_a_real_disk_is_what_the_oracle_says() {
    let dir = tempfile::tempdir().unwrap();
    for seed in 100..101 {
        check(seed, Arc::new(OsVfs), &dir.path().join(seed.to_string()), 25);
    }
}

#[test]
fn a_bus_in_memory_is_what_the_oracle_says() {
    let (bus, mut driver) = (Bus::in_memory().unwrap(), Driver::new(7));
    (0..100).for_each(|_| driver.step(&bus));
    agree::everywhere(&bus, driver.model());
}

#[test]
fn a_bus_that_keeps_nothing_still_has_its_live_state() {
    let (bus, mut driver) = (Bus::builder().volatile().unwrap(), Driver::new(8));
    for _ in 0..200 {
        driver.step(&bus);
        agree::live(&bus, driver.model());
    }
    assert_eq!(bus.validate(), []);
}
