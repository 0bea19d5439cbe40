//! Naming the cycle that a refused edge would have closed.

use std::collections::{HashMap, VecDeque};

use mmsb_types::PageId;
use petgraph::Direction::Outgoing;

use super::{Graph, index};

impl Graph {
    /// Returns the pages around the cycle of an edge between these slots and the shortest way back; of several,
    /// the one whose pages come first.
    pub(super) fn way_around(&self, from: u32, to: u32) -> Vec<PageId> {
        let came_from = self.search(to, from);
        let mut way = vec![from];
        let mut slot = from;
        while let Some(&before) = came_from.get(&slot).filter(|_| slot != to) {
            way.push(before);
            slot = before;
        }
        // The way was followed backwards: from the source to what leads to it, to the target at last.
        way[1..].reverse();
        way.into_iter().map(|slot| self.node(slot).page).collect()
    }

    /// Goes forward from `start`, nearest first, until `goal` is met; returns whence each slot was reached.
    fn search(&self, start: u32, goal: u32) -> HashMap<u32, u32> {
        let mut came_from = HashMap::from([(start, start)]);
        let mut queue = VecDeque::from([start]);
        while let Some(slot) = queue.pop_front().filter(|&slot| slot != goal) {
            for follower in self.followers_below(slot, goal) {
                came_from.entry(follower).or_insert_with(|| {
                    queue.push_back(follower);
                    slot
                });
            }
        }
        came_from
    }

    /// Ranks rise along every way, so no way to `goal` passes anything above it.
    fn followers_below(&self, slot: u32, goal: u32) -> Vec<u32> {
        let limit = self.node(goal).rank;
        let followers = self.structure.neighbors_directed(index(slot), Outgoing);
        let slots = followers.map(|follower| follower.index() as u32);
        let mut slots: Vec<u32> =
            slots.filter(|&slot| slot == goal || self.node(slot).rank < limit).collect();
        slots.sort_unstable_by_key(|&slot| self.node(slot).page);
        slots
    }
}
