//! Memory: what is taken shows, and what grows is told from what is flat.

use benches::rss::{Rss, Watch, drift};

const BYTES: usize = 64 << 20;

/// Other tests of this process take and give back memory meanwhile: some look falls between.
const LOOKS: usize = 50;

#[test]
fn memory_that_is_touched_shows_in_total_and_anonymous() {
    let watch = Watch::start();
    let shows = || {
        let before = Rss::now().unwrap();
        let taken = vec![1_u8; BYTES];
        let after = Rss::now().unwrap();
        assert!(std::hint::black_box(taken)[BYTES - 1] == 1);
        assert!(after.anon < after.total, "{after:?}");
        let [total, anon] =
            [after.total.saturating_sub(before.total), after.anon.saturating_sub(before.anon)];
        [total, anon].iter().all(|grown| (BYTES as u64 / 2..2 * BYTES as u64).contains(grown))
    };
    assert!((0..LOOKS).any(|_| shows()), "no look found {BYTES} bytes more");
    let samples = watch.stop().unwrap();
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
