//! Which commits are timed.

use super::timer::{Timer, lot};

fn weights(counts: std::ops::Range<u64>) -> Vec<u64> {
    counts.filter_map(|count| Timer::start(count, false)).map(|timer| timer.weight()).collect()
}

#[test]
fn the_first_are_all_timed_and_stand_for_themselves() {
    assert_eq!(weights(0..64), [1; 64]);
}

#[test]
fn later_ones_are_timed_so_often_that_they_stand_for_all() {
    for start in [64, 1 << 20, u64::MAX - 64_000] {
        let weights = weights(start..start + 64_000);
        assert!(weights.iter().all(|&weight| weight == 64));
        assert!((900..1100).contains(&weights.len()), "{} of 64000 from {start} on", weights.len());
    }
}

#[test]
fn the_lot_knows_no_rhythm() {
    for period in 2..200 {
        let hits = (0..200_000).filter(|count| lot(1000 + count * period) == 0).count();
        assert!((2800..3450).contains(&hits), "every {period}th: {hits} of 200000");
    }
}

#[test]
fn what_takes_long_is_timed_and_stands_for_itself() {
    let timed = (0..1000).filter_map(|count| Timer::start(count, true));
    assert!(timed.map(|timer| timer.weight()).eq([1; 1000]));
}
