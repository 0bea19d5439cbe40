//! Sets of every kind come back, in the bytes they should take.

use super::{NUMBERS_MAX, SHORT, bitmap, extent, is_list, push, read};

#[track_caller]
fn check(numbers: &[u16], expect_bytes: usize) {
    let mut postings = vec![0xee; 6];
    let word = push(&mut postings, numbers);
    assert_eq!(postings.len() - 6, expect_bytes);
    let set: Vec<u16> = read(&postings, word).unwrap().iter().map(|number| number as u16).collect();
    assert_eq!(set, numbers);
    let told = extent(&postings, word).unwrap();
    assert_eq!((told.count, told.max), (numbers.len() as u64, numbers[numbers.len() - 1].into()));
    assert_eq!(told.place.unwrap_or(6..6), 6..postings.len());
    for cut in 6..postings.len() {
        let cut_off = (read(&postings[..cut], word), extent(&postings[..cut], word).is_none());
        assert_eq!(cut_off, (None, true), "cut to {cut}");
    }
}

#[test]
fn a_set_takes_as_few_bytes_as_it_can() {
    check(&[65_535], 0);
    check(&[3, 700], 2 + 4);
    check(&(0..1000).map(|number| number * 9).collect::<Vec<_>>(), 2 + 2000);
    check(&(7..=65_535).collect::<Vec<_>>(), 2 + 15);
    check(&(0..30_000).map(|number| number * 2).collect::<Vec<_>>(), 2 + 16 + 8192);
}

#[test]
fn what_is_no_set_is_refused() {
    let refused = |postings: &[u8], word, why: &str| {
        assert_eq!((read(postings, word), extent(postings, word).is_none()), (None, true), "{why}");
    };
    refused(&[], 1 << 31 | NUMBERS_MAX, "a number out of range");
    refused(&[2, 0, 5, 0, 5, 0], 0, "numbers do not rise");
    refused(&[2, 0, 5, 0, 4, 0], 0, "numbers fall");
    refused(&[0, 0, 1, 2, 3, 4], 0, "no bitmap");
    refused(&[0; 4], 4, "behind the end");
}

#[test]
fn a_set_is_a_list_unless_a_bitmap_is_shorter() {
    let (mut lists, mut bitmaps) = (0, 0);
    for (step, run, count) in cases() {
        let starts = (0..count).map(|index| index * (run + step));
        let numbers: Vec<u16> = starts.flat_map(|start| start..start + run).collect();
        let size = bitmap(numbers.iter().copied()).serialized_size();
        let expected = numbers.len() <= SHORT || size >= 2 * numbers.len();
        assert_eq!(is_list(&numbers), expected, "{count} runs of {run}, {step} apart");
        *if expected { &mut lists } else { &mut bitmaps } += 1;
    }
    assert!(lists > 100 && bitmaps > 100);
}

/// Distance, length, and number of runs.
fn cases() -> impl Iterator<Item = (u16, u16, u16)> {
    let counts = (1..9).chain([50, 682, 683, 1365, 1366, 2048, 4104, 4105, 6000]);
    let runs = (1..4).flat_map(|step| (1..8).map(move |run| (step, run)));
    runs.flat_map(move |(step, run)| counts.clone().map(move |count| (step, run, count)))
}
