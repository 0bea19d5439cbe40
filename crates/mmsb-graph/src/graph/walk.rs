//! Going through the whole graph, or all of one side of it, without recursion.

use std::collections::HashSet;

use mmsb_types::PageId;
use petgraph::{
    Direction::{self, Incoming, Outgoing},
    algo::kosaraju_scc,
};

use super::{Graph, index};

impl Graph {
    /// Returns every page this one depends on, near and far, by edges of any kind, rising by id.
    #[must_use]
    pub fn ancestors(&self, page: PageId) -> Vec<PageId> {
        self.reach(page, Incoming)
    }

    /// Returns every page that depends on this one, near and far, by edges of any kind, rising by id.
    #[must_use]
    pub fn descendants(&self, page: PageId) -> Vec<PageId> {
        self.reach(page, Outgoing)
    }

    /// Returns all pages by rising (rank, id): each after everything it depends on.
    #[must_use]
    pub fn order(&self) -> Vec<PageId> {
        let nodes = self.structure.node_indices().map(|node| &self.nodes[node.index()]);
        let mut pages: Vec<(u32, PageId)> = nodes.map(|node| (node.rank, node.page)).collect();
        pages.sort_unstable();
        pages.into_iter().map(|(_, page)| page).collect()
    }

    /// Returns the strongly connected components, each rising, by their first pages: as long as no cycle has come
    /// in, each is one page. Found by a search of its own, without ranks.
    ///
    /// # Cost
    /// O(pages + edges), and sorting.
    #[must_use]
    pub fn components(&self) -> Vec<Vec<PageId>> {
        let mut components: Vec<Vec<PageId>> =
            kosaraju_scc(&self.structure).into_iter().map(|nodes| self.pages_of(&nodes)).collect();
        components.sort_unstable();
        components
    }

    /// Returns the largest rank and one; 0 without edges.
    pub(crate) fn rank_count(&self) -> u32 {
        *self.rank_count.get_or_init(|| {
            let nodes = self.structure.node_indices().map(|node| &self.nodes[node.index()]);
            nodes.map(|node| node.rank + 1).max().unwrap_or(0)
        })
    }

    fn pages_of(&self, nodes: &[petgraph::graph::NodeIndex]) -> Vec<PageId> {
        let mut pages: Vec<PageId> = nodes.iter().map(|&node| self.structure[node]).collect();
        pages.sort_unstable();
        pages
    }

    fn reach(&self, page: PageId, side: Direction) -> Vec<PageId> {
        let Some(start) = self.slot(page).map(index) else { return Vec::new() };
        let (mut seen, mut waiting) = (HashSet::from([start]), vec![start]);
        while let Some(node) = waiting.pop() {
            waiting.extend(self.structure.neighbors_directed(node, side).filter(|&next| seen.insert(next)));
        }
        seen.remove(&start);
        self.pages_of(&seen.into_iter().collect::<Vec<_>>())
    }
}
