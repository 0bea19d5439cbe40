//! Runs are sorted and cut apart.

use super::{Coverage, RADIX_MIN, Run, cut, sort};

#[track_caller]
fn check_sort(pages: impl Iterator<Item = u32>) {
    let run = |(page, offset)| Run { page, offset, old: &[] };
    let mut runs: Vec<_> = pages.zip(0..).map(run).collect();
    let mut expected: Vec<_> = runs.iter().map(|run| (run.page, run.offset)).collect();
    expected.sort_unstable();
    sort(&mut runs);
    assert!(runs.iter().map(|run| (run.page, run.offset)).eq(expected), "{} runs", runs.len());
}

#[test]
fn runs_come_together_by_page_and_keep_their_order() {
    check_sort([3, 1, 3, 2, 1].into_iter());
    check_sort((0..5000).map(|at| at * 7919 % 613));
    check_sort((0..RADIX_MIN as u32).map(|at| at.wrapping_mul(0x9e37_79b9) >> 2));
    check_sort((0..1000).map(|_| (1 << 30) - 1));
}

/// Runs as offset and text, oldest first, and what is left of each.
#[track_caller]
fn check_cut(runs: &[(u32, &'static str)], expect: &str) {
    let run = |&(offset, text): &(u32, &'static str)| Run { page: 1, offset, old: text.as_bytes() };
    let runs: Vec<_> = runs.iter().map(run).collect();
    let mut coverage = Coverage::default();
    for _ in 0..2 {
        let mut given = Vec::new();
        let text = |run: &Run<'_>| format!("{} {}", run.offset, str::from_utf8(run.old).unwrap());
        cut(&runs, &mut coverage, |run| given.push(text(&run)));
        assert_eq!(given.join(", "), expect);
    }
}

#[test]
fn runs_apart_stay_as_they_are() {
    check_cut(&[(7, "abc")], "7 abc");
    check_cut(&[(7, "abc"), (0, "xy")], "7 abc, 0 xy");
    check_cut(&[(2, "abc"), (0, "xy"), (5, "z")], "2 abc, 0 xy, 5 z");
}

#[test]
fn the_oldest_run_on_a_byte_wins() {
    check_cut(&[(2, "abc"), (0, "uvwxyz")], "2 abc, 0 uv, 5 z");
    check_cut(&[(0, "uvwxyz"), (2, "abc")], "0 uvwxyz");
    check_cut(&[(4, "abc"), (4, "abc"), (3, "xyz"), (0, "----------")], "4 abc, 3 x, 0 ---, 7 ---");
}
