//! Threads against each other, everything judged; `MMSB_STRESS_SECONDS` says for how long.

use std::time::Duration;

use mmsb::Bus;
use mmsb_testkit::{ALL_DEEDS, Stress};

/// How long each stress lasts: `MMSB_STRESS_SECONDS`, or two seconds.
fn stress_time() -> Duration {
    let seconds = std::env::var("MMSB_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2))
}

#[test]
fn what_threads_are_told_has_one_order_and_the_log_is_it() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let seed = 7;
    println!("seed {seed}");
    let mut stress = Stress::new(&bus, ALL_DEEDS, seed);
    let tally = stress.run(4, stress_time()).unwrap_or_else(|error| panic!("{error}"));
    println!("{tally:?}");
    bus.stop().unwrap();
}
