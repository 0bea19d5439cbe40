//! Keeping ranks right while edges come and go.
//!
//! A rank is the number of edges on the longest way to a page. An edge upwards in rank changes nothing and closes
//! no cycle, so most edges cost no search. Any other raises its target, and whoever follows from it: if that is
//! the edge's own source, the edge closes a cycle. Ranks are mended in the order of the old ones, so each page is
//! looked at once.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::Graph;
use crate::node::Node;

/// Pages whose rank has to be looked at, by their old ranks.
type Queue = BinaryHeap<Reverse<(u32, u32)>>;

impl Graph {
    /// Raises `to` above `from`, with everything behind it. Returns false, and changes nothing, if `from` itself
    /// lies behind `to`.
    pub(super) fn raise(&mut self, from: u32, to: u32) -> bool {
        let rank = self.node(from).rank + 1;
        if self.node(to).rank >= rank {
            return true;
        }
        let mut rise = Rise { queue: Queue::new(), old: Vec::new() };
        rise.lift(&mut self.nodes, to, rank);
        while let Some(Reverse((_, slot))) = rise.queue.pop() {
            self.nodes[slot as usize].is_queued = false;
            if slot == from {
                rise.undo(&mut self.nodes);
                return false;
            }
            self.lift_followers(slot, &mut rise);
        }
        true
    }

    fn lift_followers(&mut self, slot: u32, rise: &mut Rise) {
        let rank = self.node(slot).rank + 1;
        for place in 0..self.node(slot).after.count() {
            let follower = self.node(slot).after.at(place);
            rise.lift(&mut self.nodes, follower, rank);
        }
    }

    /// Lowers pages that lost edges, and what follows, as far as what they have left lets them.
    pub(super) fn sink(&mut self, loose: &[u32]) {
        let mut queue = Queue::new();
        for &slot in loose {
            let node = &mut self.nodes[slot as usize];
            if !std::mem::replace(&mut node.is_queued, true) {
                queue.push(Reverse((node.rank, slot)));
            }
        }
        while let Some(Reverse((old, slot))) = queue.pop() {
            self.nodes[slot as usize].is_queued = false;
            let rank = self.rank_by_edges(slot);
            if rank != old {
                self.nodes[slot as usize].rank = rank;
                self.queue_followers(slot, old, &mut queue);
            }
        }
    }

    /// Only who stood right above the old rank can have stood on it.
    fn queue_followers(&mut self, slot: u32, old: u32, queue: &mut Queue) {
        for place in 0..self.node(slot).after.count() {
            let follower = self.node(slot).after.at(place);
            let node = &mut self.nodes[follower as usize];
            if node.rank == old + 1 && !node.is_queued {
                node.is_queued = true;
                queue.push(Reverse((node.rank, follower)));
            }
        }
    }

    fn rank_by_edges(&self, slot: u32) -> u32 {
        let before = self.node(slot).before.all();
        before.map(|link| self.node(link.slot()).rank + 1).max().unwrap_or(0)
    }
}

/// A rise under way, and the way back.
struct Rise {
    queue: Queue,
    /// Slots with the ranks they had.
    old: Vec<(u32, u32)>,
}

impl Rise {
    fn lift(&mut self, nodes: &mut [Node], slot: u32, rank: u32) {
        let node = &mut nodes[slot as usize];
        if node.rank >= rank {
            return;
        }
        if !node.is_queued {
            node.is_queued = true;
            self.queue.push(Reverse((node.rank, slot)));
            self.old.push((slot, node.rank));
        }
        node.rank = rank;
    }

    fn undo(self, nodes: &mut [Node]) {
        for (slot, rank) in self.old {
            let node = &mut nodes[slot as usize];
            (node.rank, node.is_queued) = (rank, false);
        }
    }
}
