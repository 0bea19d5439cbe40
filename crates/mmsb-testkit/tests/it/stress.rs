//! Threads against each other, everything judged; `MMSB_STRESS_SECONDS` says for how long.

use std::time::Duration;

use mmsb::Bus;
use mmsb_testkit::{ALL_DEEDS, Stress};

/// How long each stress lasts: `MMSB_STRESS_SECONDS`, or a second.
fn stress_time() -> Duration {
    let seconds = std::env::var("MMSB_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

#[track_caller]
fn check(bus: &Bus, seed: u64) {
    println!("seed {seed}");
    let mut stress = Stress::new(bus, ALL_DEEDS, seed);
    let tally = stress.run(4, stress_time()).unwrap_or_else(|error| panic!("{error}"));
    println!("{tally:?}");
}

#[test]
fn what_threads_are_told_has_one_order_and_the_log_is_it() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    check(&bus, 7);
    bus.stop().unwrap();
}

#[test]
fn snapshots_that_age_are_told_the_same_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::builder().preimage_bytes(512 << 10).create(dir.path().join("bus")).unwrap();
    check(&bus, 8);
    bus.stop().unwrap();
}
