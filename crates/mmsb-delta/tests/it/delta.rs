//! Writing into a delta: which runs come out.

use mmsb_delta::{Delta, Misfit, apply, invert};
use mmsb_types::Span;

/// Makes the writes in order and compares the runs with their bytes.
#[track_caller]
fn check(writes: &[(u32, &str)], expect: &str) {
    let mut delta = Delta::default();
    writes.iter().for_each(|(offset, text)| delta.overwrite(*offset, text.as_bytes()));
    let runs =
        delta.runs().map(|(span, bytes)| format!("{}:{}", span.offset, String::from_utf8_lossy(bytes)));
    assert_eq!(runs.collect::<Vec<_>>().join(" "), expect);
}

#[test]
fn runs_apart_stay_apart_in_order() {
    check(&[(10, "cc"), (20, "dd"), (0, "aa"), (5, "bb")], "0:aa 5:bb 10:cc 20:dd");
}

#[test]
fn touching_runs_join() {
    check(&[(2, "ab"), (4, "cd")], "2:abcd");
    check(&[(4, "cd"), (2, "ab")], "2:abcd");
    check(&[(0, "ab"), (4, "ef"), (2, "cd")], "0:abcdef");
}

#[test]
fn the_later_write_wins() {
    check(&[(0, "aaaaaa"), (2, "bb")], "0:aabbaa");
    check(&[(2, "bb"), (0, "aaaaaa")], "0:aaaaaa");
    check(&[(0, "aaaa"), (10, "cccc"), (20, "dd"), (2, "bbbbbbbbbb")], "0:aabbbbbbbbbbcc 20:dd");
}

#[test]
fn an_empty_write_is_none() {
    check(&[(5, "")], "");
}

#[test]
fn growing_at_both_ends_by_turns_keeps_the_bytes() {
    let (mut low, mut high, mut delta) = (500u32, 500u32, Delta::default());
    while low > 3 {
        // A stranger's run takes the arena's end, so that room has to be found each time.
        delta.overwrite(2000 + 2 * high, b"x");
        delta.overwrite(high, &[high as u8]);
        low -= 1;
        delta.overwrite(low, &[low as u8]);
        high += 1;
    }
    let (span, bytes) = delta.runs().next().expect("the grown run comes first");
    assert_eq!(span, Span::new(3, 994));
    assert!(bytes.iter().zip(3u32..).all(|(byte, at)| *byte == at as u8));
}

#[test]
fn descending_writes_cost_no_more_than_rising_ones() {
    let mut delta = Delta::default();
    for offset in (0..(4 << 20)).step_by(16).rev() {
        delta.overwrite(offset, &[offset as u8; 16]);
    }
    // Copying the run at each write would move half a terabyte here.
    assert_eq!(delta.hull(), Span::new(0, 4 << 20));
    assert_eq!(delta.run_count(), 1);
}

#[test]
fn a_delta_that_passes_the_end_leaves_the_page_alone() {
    let mut delta = Delta::default();
    delta.overwrite(0, b"ab");
    delta.overwrite(9, b"cd");
    let mut page = [0; 10];
    let misfit = Misfit::OutOfBounds { span: Span::new(9, 2), page_bytes: 10 };
    assert_eq!(apply(&delta, &mut page), Err(misfit));
    assert_eq!(page, [0; 10]);
    assert_eq!(invert(&delta, &page), Err(misfit));
    assert_eq!(misfit.to_string(), "run 9+2 passes the end of a page of 10 bytes");
}

#[test]
#[should_panic(expected = "passes the longest page")]
fn a_write_past_every_page_is_a_mistake() {
    Delta::default().overwrite(u32::MAX, b"a");
}
