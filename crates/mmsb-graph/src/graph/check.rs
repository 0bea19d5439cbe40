//! Everything that must hold, looked at from outside.
//!
//! petgraph's edges and the nodes' links are held against each other by sums over all of them, which takes one pass
//! through each in the order they lie in memory; only where the sums differ are edges looked up one by one.

use mmsb_types::{EdgeKind, Place, Violation};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};

use super::{Graph, KINDS, index};
use crate::node::{Link, Links, Node};

/// Which edges somebody knows: how many of each kind, and a sum that says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    kinds: [usize; KINDS],
    sum: u64,
}

impl Graph {
    /// Checks that no cycle is here, that ranks follow from the edges, and that the compact nodes hold the same edges
    /// as petgraph's graph does. Returns what is wrong.
    ///
    /// # Cost
    /// O(pages + edges).
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_edges(&mut found);
        self.check_nodes(&mut found);
        self.check_counts(&mut found);
        found
    }

    fn check_edges(&self, found: &mut Vec<Violation>) {
        let (mut edges, mut after, mut before) = (Known::default(), Known::default(), Known::default());
        for edge in self.structure.edge_references() {
            edges.add(edge.source().index() as u32, edge.target().index() as u32, *edge.weight());
        }
        for (slot, node) in self.nodes_in_use() {
            node.after.each_edge(|other, kind| after.add(slot, other, kind));
            node.before.each_edge(|other, kind| before.add(other, slot, kind));
        }
        if edges.kinds != self.kind_counts {
            let facts = format!("{:?} edges, counted as {:?}", edges.kinds, self.kind_counts);
            found.push(Violation::new("graph/counts", Place::Whole, facts));
        }
        if after != edges || before != edges {
            self.name_links(found);
        }
    }

    /// Names the pages whose links are not their edges.
    fn name_links(&self, found: &mut Vec<Violation>) {
        let count = found.len();
        for edge in self.structure.edge_references() {
            let (from, to) = (edge.source().index() as u32, edge.target().index() as u32);
            let has = |link: Option<Link>| link.is_some_and(|link| link.has(*edge.weight()));
            if !has(self.node(from).after.to(to)) || !has(self.node(to).before.to(from)) {
                let facts = format!("-> {:?} is not linked both ways", self.node(to).page);
                found.push(at(self.node(from), "graph/links", facts));
            }
        }
        if found.len() == count {
            let facts = "more is linked than there are edges";
            found.push(Violation::new("graph/links", Place::Whole, facts));
        }
    }

    /// Ranks that rise along every link are the proof that there is no cycle.
    fn check_nodes(&self, found: &mut Vec<Violation>) {
        // Ranks side by side: the order in which links ask for them is anybody's.
        let ranks: Vec<u32> = self.nodes.iter().map(|node| node.rank).collect();
        for (slot, node) in self.nodes_in_use() {
            let least = node.before.all().map(|link| ranks[link.slot() as usize] + 1).max().unwrap_or(0);
            if node.rank != least {
                found.push(at(node, "graph/rank", format!("rank {}, its edges say {least}", node.rank)));
            }
            if node.is_queued {
                found.push(at(node, "graph/at-rest", "waits for its rank".to_owned()));
            }
            if self.slot(node.page) != Some(slot) || self.structure[index(slot)] != node.page {
                found.push(at(node, "graph/place", format!("lies in slot {slot}, is sought elsewhere")));
            }
        }
    }

    fn check_counts(&self, found: &mut Vec<Violation>) {
        let (sought, pages) = (self.places.count(), self.structure.node_count());
        if sought != pages {
            let facts = format!("{sought} pages have a place, {pages} are here");
            found.push(Violation::new("graph/counts", Place::Whole, facts));
        }
    }

    fn nodes_in_use(&self) -> impl Iterator<Item = (u32, &Node)> {
        self.structure.node_indices().map(|index| (index.index() as u32, &self.nodes[index.index()]))
    }
}

impl Known {
    fn add(&mut self, from: u32, to: u32, kind: EdgeKind) {
        self.kinds[kind as usize] += 1;
        self.sum = self.sum.wrapping_add(mix(u64::from(from) << 32 | u64::from(to), kind as u64));
    }
}

impl Links {
    fn each_edge(&self, mut each: impl FnMut(u32, EdgeKind)) {
        for link in self.all() {
            link.kinds().for_each(|kind| each(link.slot(), kind));
        }
    }
}

/// Spreads an edge over all bits, so that sums of different edges meet by accident only.
const fn mix(ends: u64, kind: u64) -> u64 {
    let bits = (ends ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 29).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 32
}

fn at(node: &Node, rule: &'static str, facts: String) -> Violation {
    Violation::new(rule, Place::Page(node.page), facts)
}

#[cfg(test)]
mod tests;
