//! Memory: what is taken shows, and what grows is told from what is flat.

use benches::rss::{Rss, Watch, drift};

const BYTES: usize = 64 << 20;

#[test]
fn memory_that_is_touched_shows_in_total_and_anonymous() {
    let before = Rss::now().unwrap();
    let watch = Watch::start();
    let taken = vec![1_u8; BYTES];
    let after = Rss::now().unwrap();
    assert!(std::hint::black_box(taken)[BYTES - 1] == 1);
    let samples = watch.stop().unwrap();
    // Other tests of this process give back what they took meanwhile.
    assert!(after.total > before.total + BYTES as u64 / 2, "{before:?}, {after:?}");
    assert!(after.anon > before.anon + BYTES as u64 / 2 && after.anon < after.total, "{after:?}");
    assert!(!samples.is_empty() && samples.iter().all(|bytes| *bytes > 1 << 20), "{samples:?}");
}

#[track_caller]
fn check(first: u64, middle: u64, last: u64, expect: f64) {
    let samples: Vec<u64> = [[first; 7], [middle; 7], [last; 7]].concat();
    assert!((drift(&samples).unwrap().median - expect).abs() < 1e-9, "{samples:?}");
}

#[test]
fn drift_is_the_last_third_to_the_first() {
    check(100, 100, 100, 1.0);
    check(100, 500, 110, 1.1);
    check(100, 7, 50, 0.5);
    assert!(drift(&[1; 20]).is_err(), "too few to say");
}
