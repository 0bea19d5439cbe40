//! Samples: medians, and what is no measurement.

use benches::{Random, Sample};

#[test]
fn a_sample_keeps_median_and_extremes() {
    let sample = Sample::of(vec![9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0]).unwrap();
    assert_eq!((sample.median, sample.min, sample.max, sample.repeats), (6.0, 1.0, 9.0, 7));
    let even = Sample::of(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
    assert_eq!(even.median, 4.5);
}

#[test]
fn three_repeats_of_something_long_are_a_sample() {
    let sample = Sample::of_long(vec![30.0, 10.0, 20.0]).unwrap();
    assert_eq!((sample.median, sample.repeats), (20.0, 3));
    let few = Sample::of_long(vec![1.0; 2]).unwrap_err();
    assert_eq!(few.to_string(), "2 repeats, fewer than 3");
}

#[track_caller]
fn refused(values: Vec<f64>, expect: &str) {
    assert_eq!(Sample::of(values).unwrap_err().to_string(), expect);
}

#[test]
fn what_was_not_measured_is_no_sample() {
    refused(vec![1.0; 6], "6 repeats, fewer than 7");
    refused(vec![0.0; 7], "a repeat measured 0");
    refused(vec![1.0, 1.0, 1.0, f64::INFINITY, 1.0, 1.0, 1.0], "a repeat measured inf");
    refused(vec![f64::NAN; 7], "a repeat measured NaN");
}

#[test]
fn timed_work_runs_once_unmeasured_and_its_error_is_kept() {
    let mut rounds = 0;
    let counted = Sample::timed(
        7,
        |_| 1.0,
        || {
            rounds += 1;
            Ok(())
        },
    );
    assert_eq!((counted.unwrap().repeats, rounds), (7, 8));
    assert!(Sample::gigabytes(7, 1, || anyhow::bail!("wrong bytes")).is_err());
}

#[test]
fn random_numbers_are_the_known_ones() {
    let mut random = Random::new(1_234_567);
    assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
    assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    assert!((0..1000).all(|_| random.below(3) < 3));
    assert_eq!(random.bytes(13).len(), 13);
}
