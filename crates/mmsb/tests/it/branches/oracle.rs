//! Branches that go their own ways are what the model says, live, aged and kept.

use std::{path::Path, sync::Arc};

use mmsb::{Branch, Builder, Bus, Epoch, vfs::MemoryVfs};
use mmsb_testkit::{Driver, agree};

/// The one door to random branches: each goes its own way from its own epoch, and agrees with its own model.
#[track_caller]
pub(super) fn check(seed: u64, bus: &Bus, driver: &mut Driver) {
    println!("seed {seed}");
    (0..30).for_each(|_| driver.step(bus));
    let newest = driver.model().epoch().get();
    let bases = [0, newest / 2, newest].map(Epoch::new);
    let mut branches: Vec<(Branch, Driver)> =
        bases.iter().map(|&base| (bus.branch(base).unwrap(), driver.fork(base, seed + base.get()))).collect();
    for _ in 0..15 {
        driver.step(bus);
        for (branch, driver) in &mut branches {
            driver.step(branch);
            agree::branch(branch, driver.model());
        }
    }
    agree::live(bus, driver.model());
    for ((branch, _), base) in branches.iter().zip(bases) {
        assert_eq!(branch.base(), base);
    }
}

#[test]
fn branches_of_any_epoch_are_what_the_oracle_says() {
    for seed in 0..6 {
        check(seed, &Bus::in_memory().unwrap(), &mut Driver::new(seed));
    }
}

/// Branches of snapshots, while the parent's commits use up the memory for old pages.
#[track_caller]
fn check_of_snapshots(seed: u64, bus: &Bus) {
    println!("seed {seed}");
    let mut driver = Driver::new(seed);
    let mut branches = Vec::new();
    for round in 0..4 {
        (0..10).for_each(|_| driver.step(bus));
        let snapshot = bus.snapshot();
        branches.push((snapshot.branch().unwrap(), driver.fork(snapshot.epoch(), seed + round)));
        for (branch, driver) in &mut branches {
            (0..4).for_each(|_| driver.step(branch));
            agree::branch(branch, driver.model());
        }
    }
    for ((branch, driver), round) in branches.iter().zip(0..) {
        let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("kept"));
        branch.keep_on(vfs.clone(), path).unwrap();
        let kept = Builder::default().read_on(vfs, path).unwrap();
        agree::live(&kept, driver.model());
        assert_eq!(kept.oldest(), branch.base(), "round {round}");
    }
}

#[test]
fn branches_of_snapshots_are_what_the_oracle_says() {
    for seed in 10..14 {
        check_of_snapshots(seed, &Bus::in_memory().unwrap());
    }
}

#[test]
fn branches_of_aged_snapshots_are_what_the_oracle_says() {
    for seed in 20..24 {
        check_of_snapshots(seed, &Bus::builder().preimage_bytes(0).in_memory().unwrap());
    }
}
