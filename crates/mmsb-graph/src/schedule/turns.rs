//! Who awaits a turn, as a set of positions that are taken by rising ones: bits, and above them bits of whole words.
//!
//! Invariant: a bit of `groups` is set for just the words that are not 0, and none lies below `group` or above `last`. The
//! word under way is 0, for its bits are in `bits`. Whoever is added while others are taken is behind whoever was taken
//! last.

const BITS: usize = u64::BITS as usize;
/// The word under way, and its group, before the first is taken: none.
const NONE: usize = usize::MAX;

/// A set of positions.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    words: Vec<u64>,
    groups: Vec<u64>,
    /// No word of a group below it has a bit.
    group: usize,
    /// No word of a group above it has a bit.
    last: usize,
    /// All were taken: no bit is left.
    is_over: bool,
}

/// The set while positions are taken. What changes with each is held by value, in registers if need be.
#[derive(Debug)]
pub struct Taking<'a> {
    words: &'a mut [u64],
    groups: &'a mut [u64],
    /// The word under way, and its bits.
    word: usize,
    bits: u64,
    group: usize,
    last: usize,
    /// The position taken last.
    taken: u32,
}

impl Turns {
    /// Makes it an empty set, of positions below `bound`.
    pub fn begin(&mut self, bound: usize) {
        if !self.is_over {
            // A wave that failed left those who still waited.
            self.words.fill(0);
            self.groups.fill(0);
        }
        let words = bound.div_ceil(BITS);
        if self.words.len() < words {
            self.words.resize(words, 0);
            self.groups.resize(words.div_ceil(BITS), 0);
        }
        (self.group, self.last, self.is_over) = (NONE, 0, false);
    }

    /// Adds a position, which may be there, before any is taken.
    pub fn start(&mut self, position: u32) {
        let word = position as usize / BITS;
        let group = word / BITS;
        self.words[word] |= 1 << (position as usize % BITS);
        self.groups[group] |= 1 << (word % BITS);
        (self.group, self.last) = (self.group.min(group), self.last.max(group));
    }

    /// Begins to take positions.
    pub fn taking(&mut self) -> Taking<'_> {
        let Self { words, groups, group, last, .. } = self;
        Taking { words, groups, word: NONE, bits: 0, group: *group, last: *last, taken: 0 }
    }

    /// Notes that all were taken.
    pub fn end(&mut self) {
        self.is_over = true;
    }
}

impl Taking<'_> {
    /// Adds a position, which may be there.
    #[inline(always)]
    pub fn add(&mut self, position: u32) {
        let (word, bit) = (position as usize / BITS, 1 << (position as usize % BITS));
        if word == self.word {
            self.bits |= bit;
        } else {
            self.words[word] |= bit;
            self.groups[word / BITS] |= 1 << (word % BITS);
            self.last = self.last.max(word / BITS);
        }
    }

    /// Takes the lowest position.
    #[inline(always)]
    pub fn next(&mut self) -> Option<u32> {
        if self.bits == 0 {
            self.go_on()?;
        }
        // Mostly it is the neighbour of the last one taken. To ask for it first lets the processor go on with it, on
        // trust, before it knows the bits.
        let guess = self.taken.wrapping_add(1);
        self.taken = if guess as usize / BITS == self.word && self.bits >> (guess as usize % BITS) & 1 == 1 {
            guess
        } else {
            (self.word * BITS) as u32 + self.bits.trailing_zeros()
        };
        self.bits &= self.bits - 1;
        Some(self.taken)
    }

    /// Goes to the next word that is not 0, if there is one.
    fn go_on(&mut self) -> Option<()> {
        while *self.groups.get(self.group)? == 0 {
            self.group += 1;
            if self.group > self.last {
                return None;
            }
        }
        let place = self.groups[self.group].trailing_zeros() as usize;
        self.groups[self.group] &= !(1 << place);
        self.word = self.group * BITS + place;
        self.bits = std::mem::take(&mut self.words[self.word]);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const BOUND: u32 = 3 << 12;

    proptest! {
        #[test]
        fn positions_come_by_rising_ones_also_those_added_on_the_way(
            first in vec(0..BOUND, 0..20),
            steps in vec(vec(prop_oneof![1..3u32, 60..70u32, 1..BOUND], 0..3), 0..60),
        ) {
            let mut turns = Turns::default();
            for _ in 0..2 {
                turns.begin(BOUND as usize);
                let mut model = BTreeSet::from_iter(first.iter().copied());
                first.iter().for_each(|&position| turns.start(position));
                let mut taking = turns.taking();
                for count in 0.. {
                    let taken = taking.next();
                    prop_assert_eq!(taken, model.pop_first());
                    let Some(taken) = taken else { break };
                    for ahead in steps.get(count).into_iter().flatten() {
                        let position = taken + ahead;
                        if position < BOUND {
                            taking.add(position);
                            model.insert(position);
                        }
                    }
                }
                turns.end();
            }
        }
    }

    #[test]
    fn whoever_waited_when_a_wave_failed_waits_no_more() {
        let mut turns = Turns::default();
        let mut take = |first: [u32; 3], count| {
            turns.begin(BOUND as usize);
            first.into_iter().for_each(|position| turns.start(position));
            let mut taking = turns.taking();
            (0..count).filter_map(|_| taking.next()).collect::<Vec<_>>()
        };
        assert_eq!(take([5, BOUND - 200, BOUND - 1], 1), [5]);
        assert_eq!(take([7, BOUND - 3, BOUND - 2], 4), [7, BOUND - 3, BOUND - 2]);
    }
}
