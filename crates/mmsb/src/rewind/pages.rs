//! Runs of many commits, brought together by page, and cut so that they do not overlap.
//!
//! Of several runs over a byte the oldest one holds what the byte was at the target. A frame's runs must not
//! overlap, so each run gives only those of its bytes that no older one of its page gave.

use mmsb_types::PageId;

use super::coverage::Coverage;
use crate::undo::Records;

/// Below this many runs a sort by comparison does.
const RADIX_MIN: usize = 256;
const DIGIT_BITS: u32 = 11;

/// A run of a page, and its old bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'r> {
    /// Small ids only, as in the records.
    page: u32,
    pub(super) offset: u32,
    pub(super) old: &'r [u8],
}

/// The runs of all records, by rising page, of each page the oldest first.
#[derive(Debug)]
pub(super) struct RunsByPage<'r>(Vec<Run<'r>>);

impl<'r> RunsByPage<'r> {
    /// # Cost
    /// Some 10 ns a run.
    pub(super) fn of(records: &'r Records<'_>) -> Self {
        let mut runs = Vec::with_capacity(records.iter().map(|record| record.run_count()).sum());
        for record in records.iter() {
            let mut rest = record.old();
            for run in record.runs() {
                let (old, behind) = rest.split_at(run.len as usize);
                runs.push(Run { page: run.page, offset: run.offset, old });
                rest = behind;
            }
        }
        sort(&mut runs);
        Self(runs)
    }

    /// Visits the runs of one page after the other.
    pub(super) fn pages(&self) -> impl Iterator<Item = &[Run<'r>]> {
        self.0.chunk_by(|one, other| one.page == other.page)
    }
}

impl<'r> Run<'r> {
    pub(super) fn page(&self) -> PageId {
        PageId::new(u64::from(self.page))
    }

    fn end(&self) -> u32 {
        self.offset + self.old.len() as u32
    }

    /// Returns the part from one offset to another.
    fn part(&self, start: u32, end: u32) -> Self {
        let old = &self.old[(start - self.offset) as usize..(end - self.offset) as usize];
        Self { page: self.page, offset: start, old }
    }
}

/// Visits the bytes of one page before its oldest run: runs, oldest first, cut to what no older one gave.
///
/// # Cost
/// A few nanoseconds a run; where a page has several, a few more for each 64 bytes.
pub(super) fn cut<'r>(runs: &[Run<'r>], coverage: &mut Coverage, mut visit: impl FnMut(Run<'r>)) {
    let meet = |one: &Run<'_>, other: &Run<'_>| one.offset < other.end() && other.offset < one.end();
    match runs {
        [only] => visit(*only),
        [one, other] if !meet(one, other) => [one, other].into_iter().for_each(|run| visit(*run)),
        _ => {
            for run in runs {
                coverage.cover(run.offset, run.end(), |start, end| visit(run.part(start, end)));
            }
            runs.iter().for_each(|run| coverage.clear(run.offset, run.end()));
        }
    }
}

/// Sorts by page; runs of one page stay in their order.
fn sort(runs: &mut Vec<Run<'_>>) {
    if runs.len() < RADIX_MIN {
        return runs.sort_by_key(|run| run.page);
    }
    let bits = u32::BITS - runs.iter().fold(0, |bits, run| bits | run.page).leading_zeros();
    let mut other = runs.clone();
    for shift in (0..bits).step_by(DIGIT_BITS as usize) {
        pass(runs, &mut other, shift);
        std::mem::swap(runs, &mut other);
    }
}

/// One pass of a radix sort, least digit first: stable.
fn pass<'r>(from: &[Run<'r>], to: &mut [Run<'r>], shift: u32) {
    let digit = |run: &Run<'_>| (run.page >> shift) as usize & ((1 << DIGIT_BITS) - 1);
    let mut places = [0_usize; 1 << DIGIT_BITS];
    from.iter().for_each(|run| places[digit(run)] += 1);
    let mut place = 0;
    for count in &mut places {
        place += std::mem::replace(count, place);
    }
    for run in from {
        let place = &mut places[digit(run)];
        to[*place] = *run;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
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
}
