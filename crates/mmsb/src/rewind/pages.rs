//! Runs of many commits, brought together by page, and cut so that they do not overlap.
//!
//! Of several runs over a byte the oldest one holds what the byte was at the target. A frame's runs must not
//! overlap, so each run gives only those of its bytes that no older one of its page gave.

#[cfg(test)]
mod tests;

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
