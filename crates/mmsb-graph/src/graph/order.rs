//! Keeping ranks right while edges come and go.
//!
//! A rank is the number of edges on the longest way to a page. An edge upwards in rank changes nothing and closes
//! no cycle, so most edges cost no search. Any other raises its target, and whoever follows from it: if that is
//! the edge's own source, the edge closes a cycle. Ranks are mended in the order of the old ones, so each page is
//! looked at once.

use std::{cmp::Reverse, collections::BinaryHeap};

use petgraph::Direction::{Incoming, Outgoing};

use super::{Graph, index};

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
        self.lift(to, rank, &mut rise);
        while let Some(Reverse((_, slot))) = rise.queue.pop() {
            self.nodes[slot as usize].is_queued = false;
            if slot == from {
                self.undo(rise);
                return false;
            }
            self.lift_followers(slot, &mut rise);
        }
        true
    }

    fn lift_followers(&mut self, slot: u32, rise: &mut Rise) {
        let rank = self.node(slot).rank + 1;
        let mut walk = self.structure.neighbors_directed(index(slot), Outgoing).detach();
        while let Some(follower) = walk.next_node(&self.structure) {
            self.lift(follower.index() as u32, rank, rise);
        }
    }

    fn lift(&mut self, slot: u32, rank: u32, rise: &mut Rise) {
        let node = &mut self.nodes[slot as usize];
        if node.rank >= rank {
            return;
        }
        if !node.is_queued {
            node.is_queued = true;
            rise.queue.push(Reverse((node.rank, slot)));
            rise.old.push((slot, node.rank));
        }
        node.rank = rank;
    }

    fn undo(&mut self, rise: Rise) {
        for (slot, rank) in rise.old {
            let node = &mut self.nodes[slot as usize];
            (node.rank, node.is_queued) = (rank, false);
        }
    }

    /// Lowers `to`, and what follows, as far as the loss of an edge from `from` lets it.
    pub(super) fn sink(&mut self, from: u32, to: u32) {
        let rank = self.node(to).rank;
        if rank != self.node(from).rank + 1 {
            return;
        }
        let mut queue = Queue::from([Reverse((rank, to))]);
        while let Some(Reverse((old, slot))) = queue.pop() {
            self.nodes[slot as usize].is_queued = false;
            let rank = self.rank_by_parents(slot);
            if rank != old {
                self.nodes[slot as usize].rank = rank;
                self.queue_followers(slot, old, &mut queue);
            }
        }
    }

    /// Only who stood right above the old rank can have stood on it.
    fn queue_followers(&mut self, slot: u32, old: u32, queue: &mut Queue) {
        let mut walk = self.structure.neighbors_directed(index(slot), Outgoing).detach();
        while let Some(follower) = walk.next_node(&self.structure) {
            let node = &mut self.nodes[follower.index()];
            if node.rank == old + 1 && !node.is_queued {
                node.is_queued = true;
                queue.push(Reverse((node.rank, follower.index() as u32)));
            }
        }
    }

    fn rank_by_parents(&self, slot: u32) -> u32 {
        let parents = self.structure.neighbors_directed(index(slot), Incoming);
        parents.map(|parent| self.nodes[parent.index()].rank + 1).max().unwrap_or(0)
    }
}

/// A rise under way, and the way back.
struct Rise {
    queue: Queue,
    /// Slots with the ranks they had.
    old: Vec<(u32, u32)>,
}
