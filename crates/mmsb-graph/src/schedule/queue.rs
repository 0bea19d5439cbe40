//! Pages that wait for their turn, one list for each rank.
//!
//! A list is threaded through one word for each slot, which also tells whether the slot waits; so a page waits
//! once however often it is pushed, and nothing is allocated for it.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::Graph;

/// The word of a slot that does not wait, and the first slot of a rank where nobody does.
const NONE: u32 = u32::MAX;
/// The word of the last slot of a list.
const LAST: u32 = u32::MAX - 1;

/// Waiting slots by rank.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// For each slot the one behind it in its list.
    behind: Vec<u32>,
    /// For each rank its list's first slot, the one pushed last.
    first: Vec<u32>,
    /// The ranks where somebody waits.
    ranks: BinaryHeap<Reverse<u32>>,
}

impl Queue {
    /// Makes room for slots below `bound`.
    pub fn fit(&mut self, bound: usize) {
        if self.behind.len() < bound {
            self.behind.resize(bound, NONE);
        }
    }

    /// Lets a slot wait, if it does not yet.
    pub fn push(&mut self, graph: &Graph, slot: u32) {
        if self.behind[slot as usize] != NONE {
            return;
        }
        let rank = graph.node(slot).rank;
        let first = self.first_of(rank);
        let before = std::mem::replace(first, slot);
        self.behind[slot as usize] = if before == NONE { LAST } else { before };
        if before == NONE {
            self.ranks.push(Reverse(rank));
        }
    }

    /// Lets everybody wait who is computed from this slot.
    pub fn push_followers(&mut self, graph: &Graph, slot: u32) {
        graph.node(slot).after.running().for_each(|follower| self.push(graph, follower));
    }

    /// Takes everybody who waits at the lowest rank, by rising page ids; returns false if nobody waits.
    pub fn pop_rank(&mut self, graph: &Graph, turn: &mut Vec<u32>) -> bool {
        turn.clear();
        let Some(Reverse(rank)) = self.ranks.pop() else { return false };
        self.drain(rank, |slot| turn.push(slot));
        // Lists are last in, first out; mostly, pages were pushed by rising ids.
        turn.reverse();
        let key = |slot: &u32| graph.node(*slot).page;
        if !turn.is_sorted_by_key(key) {
            turn.sort_unstable_by_key(key);
        }
        true
    }

    /// Lets nobody wait any longer.
    pub fn clear(&mut self) {
        while let Some(Reverse(rank)) = self.ranks.pop() {
            self.drain(rank, |_| ());
        }
    }

    fn drain(&mut self, rank: u32, mut each: impl FnMut(u32)) {
        let mut slot = std::mem::replace(self.first_of(rank), NONE);
        while slot != NONE && slot != LAST {
            each(slot);
            slot = std::mem::replace(&mut self.behind[slot as usize], NONE);
        }
    }

    fn first_of(&mut self, rank: u32) -> &mut u32 {
        let place = rank as usize;
        if place >= self.first.len() {
            self.first.resize(place + 1, NONE);
        }
        &mut self.first[place]
    }
}
