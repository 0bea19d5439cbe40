//! Making a graph of many edges at once, in time that does not depend on their order.

use mmsb_types::PageId;

use super::Graph;
use crate::{Edge, GraphError};

impl Graph {
    /// Makes the graph of these edges; repeated ones count once.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] if they hold a cycle; the pages told begin with its lowest. [`GraphError::Full`] if there
    /// are more than 2^28 pages.
    ///
    /// # Cost
    /// O(edges), whatever their order; added one by one, edges that come against it raise again and again what
    /// they find.
    pub fn from_edges(edges: impl IntoIterator<Item = Edge>) -> Result<Self, GraphError> {
        let mut graph = Self::new();
        edges.into_iter().try_for_each(|edge| graph.lay(edge))?;
        let waiting = graph.rank_all();
        match graph.find_cycle(&waiting) {
            Some(pages) => Err(GraphError::Cycle { pages }),
            None => Ok(graph),
        }
    }

    /// Adds an edge, and looks neither at ranks nor for cycles.
    fn lay(&mut self, Edge { source, target, kind }: Edge) -> Result<(), GraphError> {
        if source == target {
            return Err(GraphError::Cycle { pages: vec![source] });
        }
        self.make_room()?;
        let (from, to) = (self.enter(source), self.enter(target));
        let link = self.link(from, to);
        if !link.is_some_and(|link| link.has(kind)) {
            self.insert(from, to, kind, link.is_some());
        }
        Ok(())
    }

    /// Ranks every page whose parents are all ranked; returns for each slot how many parents are not.
    fn rank_all(&mut self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.nodes.iter().map(|node| node.before.count()).collect();
        let mut ready: Vec<usize> = (0..waiting.len()).filter(|&slot| waiting[slot] == 0).collect();
        while let Some(slot) = ready.pop() {
            let rank = self.nodes[slot].rank + 1;
            for place in 0..self.nodes[slot].after.count() {
                let follower = self.nodes[slot].after.at(place) as usize;
                self.nodes[follower].rank = self.nodes[follower].rank.max(rank);
                waiting[follower] -= 1;
                if waiting[follower] == 0 {
                    ready.push(follower);
                }
            }
        }
        waiting
    }

    /// Returns a cycle among pages that were not ranked, if there are any: each of them has a parent that was not
    /// either, so whoever goes from parent to parent comes round.
    fn find_cycle(&self, waiting: &[usize]) -> Option<Vec<PageId>> {
        let is_waiting = |slot: &u32| waiting[*slot as usize] > 0;
        let lowest = |slots: &mut dyn Iterator<Item = u32>| slots.min_by_key(|&slot| self.node(slot).page);
        let mut slot = lowest(&mut (0..self.nodes.len() as u32).filter(is_waiting))?;
        let (mut way, mut places) = (Vec::new(), vec![None; waiting.len()]);
        while places[slot as usize].is_none() {
            places[slot as usize] = Some(way.len());
            way.push(self.node(slot).page);
            slot = lowest(&mut self.node(slot).before.all().map(|link| link.slot()).filter(is_waiting))?;
        }
        let mut cycle = way.split_off(places[slot as usize]?);
        cycle.reverse();
        let first = (0..cycle.len()).min_by_key(|&place| cycle[place])?;
        cycle.rotate_left(first);
        Some(cycle)
    }
}
