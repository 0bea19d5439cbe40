//! Percentiles of pauses that were made up.

use std::time::Duration;

use super::{Pauses, WINDOWS};

#[test]
fn one_in_a_thousand_is_beyond_the_percentile_and_two_are_not() {
    let mut pauses = Pauses::new(WINDOWS * 1000);
    for window in 0..WINDOWS {
        for commit in 0..1000 {
            let slow = commit == 500 || (window == 3 && commit == 0);
            let busy = Duration::from_micros(if slow { 70 } else { 2 });
            pauses.note_one(busy, busy * 2);
        }
    }
    let sample = pauses.sample().unwrap();
    assert_eq!((sample.median, sample.max, sample.repeats), (2.0, 70.0, WINDOWS));
    let text = "a commit: 70 us at most; by the wall p99.9 140 us, 140 us at most";
    assert_eq!(pauses.note(), text);
}
