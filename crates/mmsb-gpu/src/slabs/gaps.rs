//! Memory of slabs that no page has.
//!
//! Invariant: gaps are never empty, never overlap and never touch; both orders hold the same gaps.

use std::collections::{BTreeMap, BTreeSet};

/// Where something begins: slab and word.
type Start = (u32, u32);

/// Gaps by place and by length.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    words_at: BTreeMap<Start, u32>,
    by_words: BTreeSet<(u32, Start)>,
}

impl Gaps {
    /// Tells whether there is a gap of so many words.
    pub fn has(&self, words: u32) -> bool {
        self.by_words.range((words, (0, 0))..).next().is_some()
    }

    /// Takes words from the start of the shortest gap that has them, of these the first.
    pub fn take(&mut self, words: u32) -> Option<Start> {
        let (gap, start) = *self.by_words.range((words, (0, 0))..).next()?;
        self.remove(start, gap);
        if gap > words {
            self.insert((start.0, start.1 + words), gap - words);
        }
        Some(start)
    }

    /// Gives words back; gaps on either side of them become one with them.
    pub fn give(&mut self, mut start: Start, mut words: u32) {
        let (slab, end) = (start.0, start.1 + words);
        if let Some(next) = self.words_at.get(&(slab, end)).copied() {
            self.remove((slab, end), next);
            words += next;
        }
        let before = self.words_at.range((slab, 0)..start).next_back().map(|(start, words)| (*start, *words));
        if let Some((first, gap)) = before.filter(|(first, gap)| first.1 + gap == start.1) {
            self.remove(first, gap);
            (start, words) = (first, words + gap);
        }
        self.insert(start, words);
    }

    fn insert(&mut self, start: Start, words: u32) {
        self.words_at.insert(start, words);
        self.by_words.insert((words, start));
    }

    fn remove(&mut self, start: Start, words: u32) {
        self.words_at.remove(&start);
        self.by_words.remove(&(words, start));
    }
}

#[cfg(test)]
mod tests {
    use super::Gaps;

    #[test]
    fn what_is_given_back_in_any_order_is_one_gap_again() {
        for turn in [[0, 64, 128, 192], [192, 64, 0, 128], [64, 192, 128, 0]] {
            let mut gaps = Gaps::default();
            gaps.give((3, 0), 256);
            let starts = [(); 4].map(|()| gaps.take(64).unwrap());
            assert_eq!((starts, gaps.take(1)), ([(3, 0), (3, 64), (3, 128), (3, 192)], None));
            turn.iter().for_each(|first| gaps.give((3, *first), 64));
            assert_eq!(gaps.words_at.iter().next(), Some((&(3, 0), &256)));
            assert_eq!((gaps.words_at.len(), gaps.by_words.len()), (1, 1));
        }
    }

    #[test]
    fn gaps_of_two_slabs_stay_apart_and_the_shortest_one_serves() {
        let mut gaps = Gaps::default();
        gaps.give((0, 0), 128);
        gaps.give((1, 128), 64);
        gaps.give((1, 0), 128);
        assert_eq!(
            (gaps.take(64), gaps.take(64), gaps.take(192)),
            (Some((0, 0)), Some((0, 64)), Some((1, 0)))
        );
    }
}
