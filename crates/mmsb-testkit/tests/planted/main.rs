//! Does the judge find what is wrong? Faults are planted in the engine, one at a time, and the stress runs
//! until it contradicts itself.
//!
//! One test: a planted fault is everybody's.

use std::time::{Duration, Instant};

use mmsb::Bus;
use mmsb_testkit::{Deed, Stress, linear::Contradiction};
use mmsb_types::plant::{Fault, plant};

/// Longest search for a fault; a few windows are enough for most.
const SEARCH_MAX: Duration = Duration::from_secs(60);

/// Lets threads write and look at pages, with a fault planted, until that shows or the time is over.
fn stress_with(fault: Option<Fault>, deeds: &[Deed], time: Duration) -> Result<(), Contradiction> {
    let bus = Bus::in_memory().unwrap();
    let mut stress = Stress::new(&bus, deeds, 11);
    plant(fault);
    let judged = stress.run(3, time).map(drop);
    plant(None);
    judged
}

#[track_caller]
fn check(fault: Fault, deeds: &[Deed]) {
    let start = Instant::now();
    let found = stress_with(Some(fault), deeds, SEARCH_MAX).err();
    let found = found.unwrap_or_else(|| panic!("{fault:?} is planted, and nobody notices"));
    println!("{fault:?} after {:.1} s: {found}", start.elapsed().as_secs_f64());
}

#[test]
fn every_planted_fault_is_found_and_without_one_nothing_is() {
    stress_with(None, &[Deed::Fill, Deed::Read], Duration::from_secs(1)).unwrap();
    check(Fault::NumberBeforeLocks, &[Deed::Fill, Deed::Fill, Deed::Read]);
    check(Fault::LostPending, &[Deed::Fill, Deed::Fill, Deed::Snapshot, Deed::LookBack]);
    check(Fault::ReaderRecheck, &[Deed::Fill, Deed::Read, Deed::Read]);
}
