//! The way of waves through a graph that stays as it is: all pages by (rank, id), each with the positions of those
//! computed from it, in one list.
//!
//! Along it a wave needs neither ranks nor queues: whoever is computed from a page lies behind it. Making it goes
//! through the whole graph, so it is made once as many pages were computed without it.
//!
//! Invariant: it says what the graph says that it was made of, as long as that has its stamp.

use mmsb_types::PageId;

use crate::{Graph, Step};

/// The way through one graph.
#[derive(Clone, Debug, Default)]
pub struct Course {
    places: Vec<Place>,
    /// Of each page the positions of those computed from it, one list after the other.
    followers: Vec<u32>,
    /// Positions by slot.
    positions: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    page: PageId,
    slot: u32,
    rank: u32,
    start: u32,
    end: u32,
}

impl Course {
    /// Makes the course of a graph; none if it has too many edges to number.
    pub fn new(graph: &Graph) -> Option<Self> {
        u32::try_from(graph.edge_count()).ok()?;
        let order = graph.order();
        let mut course = Self { positions: vec![0; graph.slot_bound()], ..Self::default() };
        for (position, slot) in order.iter().filter_map(|&page| graph.slot(page)).enumerate() {
            course.positions[slot as usize] = position as u32;
        }
        order.into_iter().for_each(|page| course.add(graph, page));
        Some(course)
    }

    fn add(&mut self, graph: &Graph, page: PageId) {
        let Some(slot) = graph.slot(page) else { return };
        let (node, start) = (graph.node(slot), self.followers.len() as u32);
        let positions = node.after.running().map(|follower| self.positions[follower as usize]);
        self.followers.extend(positions);
        let end = self.followers.len() as u32;
        self.places.push(Place { page, slot, rank: node.rank, start, end });
    }

    /// Returns how many positions there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Returns the position of the page in a slot.
    pub fn position(&self, slot: u32) -> u32 {
        self.positions[slot as usize]
    }

    /// Returns the turn of the page at a position, and the positions of those computed from it.
    #[inline(always)]
    pub fn at(&self, position: u32) -> (Step, &[u32]) {
        let Place { page, slot, rank, start, end } = self.places[position as usize];
        (Step { page, slot, rank }, &self.followers[start as usize..end as usize])
    }
}
