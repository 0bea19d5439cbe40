//! Pages that wait further up than the next rank, one list for each rank.
//!
//! A list is threaded through one word for each slot, so that nothing is allocated for it; a heap holds the ranks
//! where somebody waits. Each page is pushed at most once a wave: the states see to it.

use std::{cmp::Reverse, collections::BinaryHeap};

/// No slot: the end of a list.
const END: u32 = u32::MAX;

/// Waiting slots by rank.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// For each slot in a list the one behind it.
    behind: Vec<u32>,
    /// For each rank its list's first slot, the one pushed last.
    first: Vec<u32>,
    /// The ranks where somebody waits.
    ranks: BinaryHeap<Reverse<u32>>,
}

impl Queue {
    /// Lets nobody wait, and makes room for slots below `bound`.
    pub fn begin(&mut self, bound: usize) {
        for Reverse(rank) in self.ranks.drain() {
            self.first[rank as usize] = END;
        }
        if self.behind.len() < bound {
            self.behind.resize(bound, END);
        }
    }

    /// Lets a slot wait at a rank.
    pub fn push(&mut self, rank: u32, slot: u32) {
        let place = rank as usize;
        if place >= self.first.len() {
            self.first.resize(place + 1, END);
        }
        let behind = std::mem::replace(&mut self.first[place], slot);
        self.behind[slot as usize] = behind;
        if behind == END {
            self.ranks.push(Reverse(rank));
        }
    }

    /// Returns the lowest rank where somebody waits.
    #[inline]
    pub fn lowest(&self) -> Option<u32> {
        self.ranks.peek().map(|&Reverse(rank)| rank)
    }

    /// Adds everybody who waits at this rank, which is not above the lowest, to `turn`.
    #[inline]
    pub fn take(&mut self, rank: u32, turn: &mut Vec<u32>) {
        if self.lowest() == Some(rank) {
            self.drain(rank, turn);
        }
    }

    fn drain(&mut self, rank: u32, turn: &mut Vec<u32>) {
        self.ranks.pop();
        let start = turn.len();
        let mut slot = std::mem::replace(&mut self.first[rank as usize], END);
        while slot != END {
            turn.push(slot);
            slot = self.behind[slot as usize];
        }
        // The list is last in, first out; mostly, pages were pushed by rising ids.
        turn[start..].reverse();
    }
}
