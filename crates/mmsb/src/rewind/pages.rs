//! Runs of many commits, brought together by page, the oldest first.

use mmsb_types::PageId;

use crate::undo::Records;

/// Below this many runs a comparison sort does.
const RADIX_MIN: usize = 256;
const DIGIT_BITS: u32 = 11;

/// A run of some page, and its old bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'r> {
    pub(super) offset: u32,
    pub(super) old: &'r [u8],
}

/// The runs of all records, by rising page, of each page the oldest first.
#[derive(Debug)]
pub(super) struct RunsByPage<'r> {
    /// In the order of the records.
    runs: Vec<Run<'r>>,
    /// Sorted.
    order: Vec<Key>,
}

/// A run's page id above, its index below: keys sort by page and stay in their order.
pub(super) type Key = u64;

impl<'r> RunsByPage<'r> {
    /// # Cost
    /// Some 10 ns a run.
    pub(super) fn of(records: &'r Records<'_>) -> Self {
        let count = records.iter().map(|record| record.runs().len()).sum();
        let (mut runs, mut order) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for record in records.iter() {
            let mut rest = record.old();
            for run in record.runs() {
                let (old, behind) = rest.split_at(run.len as usize);
                order.push(run.page().get() << 32 | runs.len() as Key);
                runs.push(Run { offset: run.offset, old });
                rest = behind;
            }
        }
        sort(&mut order);
        Self { runs, order }
    }

    /// Visits the keys of one page after the other.
    pub(super) fn pages(&self) -> impl Iterator<Item = &[Key]> {
        self.order.chunk_by(|one, other| one >> 32 == other >> 32)
    }

    /// Returns the page that keys are of; there is one at least.
    pub(super) fn page_of(keys: &[Key]) -> PageId {
        PageId::new(keys[0] >> 32)
    }

    /// Visits the runs with these keys.
    pub(super) fn runs(&self, keys: &[Key]) -> impl DoubleEndedIterator<Item = Run<'r>> {
        keys.iter().map(|&key| self.runs[key as u32 as usize])
    }
}

impl Run<'_> {
    pub(super) fn end(&self) -> u32 {
        self.offset + self.old.len() as u32
    }
}

/// Sorts by the upper half; the lower half rises already.
fn sort(keys: &mut Vec<Key>) {
    if keys.len() < RADIX_MIN {
        return keys.sort_unstable();
    }
    let all = keys.iter().fold(0, |bits, key| bits | key >> 32);
    let mut other = vec![0; keys.len()];
    let mut shift = 32;
    while all >> (shift - 32) != 0 {
        pass(keys, &mut other, shift);
        std::mem::swap(keys, &mut other);
        shift += DIGIT_BITS;
    }
}

/// One pass of a radix sort, least digit first: stable.
fn pass(from: &[Key], to: &mut [Key], shift: u32) {
    let digit = |key: Key| (key >> shift) as usize & ((1 << DIGIT_BITS) - 1);
    let mut places = [0_u32; 1 << DIGIT_BITS];
    from.iter().for_each(|&key| places[digit(key)] += 1);
    let mut place = 0;
    for count in &mut places {
        place += std::mem::replace(count, place);
    }
    for &key in from {
        let place = &mut places[digit(key)];
        to[*place as usize] = key;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, RADIX_MIN, sort};

    #[track_caller]
    fn check(pages: impl Iterator<Item = u64>) {
        let mut keys: Vec<Key> = (0..).zip(pages).map(|(index, page)| page << 32 | index).collect();
        let mut expected = keys.clone();
        expected.sort_unstable();
        sort(&mut keys);
        assert!(keys == expected, "{} keys", keys.len());
    }

    #[test]
    fn runs_come_together_by_page_and_keep_their_order() {
        check([3, 1, 3, 2, 1].into_iter());
        check((0..5000).map(|at: u64| at * 7919 % 613));
        check((0..RADIX_MIN as u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 34));
        check((0..1000).map(|_| (1 << 30) - 1));
    }
}
