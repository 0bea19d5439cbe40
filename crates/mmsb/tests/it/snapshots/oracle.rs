//! Snapshots beside random commits are what the model says, aged or not.

use std::{collections::BTreeSet, sync::Arc};

use mmsb::{
    Bus, Snapshot, diff,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{Driver, Model, Rng, agree};

use super::TINY;

/// Takes snapshots on the way and looks at them again and again, until each is dropped at some time; returns how
/// often one that was looked at had aged.
#[track_caller]
pub(super) fn check(seed: u64, bus: &Bus, steps: usize) -> usize {
    println!("seed {seed}");
    let (mut driver, mut rng) = (Driver::new(seed), Rng::new(seed ^ 0x5eed));
    let (mut held, mut aged_count) = (Vec::<Snapshot>::new(), 0);
    for _ in 0..steps {
        driver.step(bus);
        if rng.once_in(2) {
            held.push(bus.snapshot());
            assert_eq!(held.last().map(Snapshot::epoch), Some(driver.model().epoch()));
        }
        if !held.is_empty() {
            let any = rng.below(held.len());
            aged_count += usize::from(held[any].is_aged());
            agree::snapshot(&held[any], driver.model());
            compare(&held[any], &bus.snapshot(), driver.model());
        }
        if held.len() > 8 {
            held.swap_remove(rng.below(held.len()));
        }
    }
    held.iter().for_each(|snapshot| agree::snapshot(snapshot, driver.model()));
    aged_count
}

/// A diff of two snapshots names just the pages in which the model's states differ.
#[track_caller]
fn compare(left: &Snapshot, right: &Snapshot, model: &Model) {
    let state = |snapshot: &Snapshot| &model.state(snapshot.epoch()).pages;
    let (old, new) = (state(left), state(right));
    let pages: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let content =
        |page: Option<&mmsb_testkit::ModelPage>| page.map(|page| (page.bytes.clone(), page.name.clone()));
    let differ = pages.into_iter().filter(|page| content(old.get(page)) != content(new.get(page)));
    let told = diff(left, right).unwrap();
    assert!(told.pages.iter().map(|diff| diff.page).eq(differ.copied()), "{told}");
}

#[test]
fn snapshots_are_what_the_oracle_says() {
    for seed in 0..3 {
        check(seed, &Bus::in_memory().unwrap(), 60);
    }
}

#[test]
fn snapshots_of_a_bus_that_keeps_nothing_are_what_the_oracle_says() {
    for seed in 10..12 {
        let aged_count = check(seed, &Bus::builder().preimage_bytes(1 << 30).volatile().unwrap(), 100);
        assert_eq!(aged_count, 0, "there is memory enough");
    }
}

#[test]
fn snapshots_that_age_are_what_the_oracle_says() {
    let bus = || Bus::builder().preimage_bytes(TINY).in_memory().unwrap();
    assert!((20..22).map(|seed| check(seed, &bus(), 60)).sum::<usize>() > 0, "no snapshot aged");
}

#[test]
fn snapshots_that_age_on_a_disk_are_what_the_oracle_says() {
    let bus = || {
        let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
        Bus::builder().preimage_bytes(TINY).create_on(vfs, "bus".as_ref()).unwrap()
    };
    assert!((20..22).map(|seed| check(seed, &bus(), 60)).sum::<usize>() > 0, "no snapshot aged");
}
