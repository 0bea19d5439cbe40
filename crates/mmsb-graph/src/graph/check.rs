//! Everything that must hold, looked at from outside.

use mmsb_types::{Place, Violation};
use petgraph::{
    Direction::{Incoming, Outgoing},
    visit::{EdgeRef, IntoEdgeReferences},
};

use super::{Graph, index};
use crate::{
    edge::propagates,
    node::{Node, Slots},
};

impl Graph {
    /// Checks that no cycle is here, that ranks follow from the edges, and that each page's compact form agrees
    /// with them. Returns what is wrong.
    ///
    /// # Cost
    /// O(pages + edges), and sorting each page's neighbours.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_ranks(&mut found);
        for index in self.structure.node_indices() {
            self.check_node(index.index() as u32, &mut found);
        }
        self.check_counts(&mut found);
        found
    }

    /// Ranks that rise along every edge are the proof that there is no cycle.
    fn check_ranks(&self, found: &mut Vec<Violation>) {
        let mut least = vec![0; self.nodes.len()];
        for edge in self.structure.edge_references() {
            let (source, target) = (edge.source().index(), edge.target().index());
            least[target] = least[target].max(self.nodes[source].rank + 1);
        }
        for index in self.structure.node_indices() {
            let (node, least) = (&self.nodes[index.index()], least[index.index()]);
            if node.rank != least {
                found.push(at(node, "graph/rank", format!("rank {}, its edges say {least}", node.rank)));
            }
        }
    }

    fn check_node(&self, slot: u32, found: &mut Vec<Violation>) {
        let node = self.node(slot);
        let page = self.structure[index(slot)];
        if node.page != page || self.slot(page) != Some(slot) {
            let facts = format!("slot {slot} is {:?}'s, its place {:?}", node.page, self.slot(page));
            found.push(at(node, "graph/place", facts));
        }
        let leaving =
            self.structure.edges_directed(index(slot), Outgoing).map(|edge| (edge.target(), *edge.weight()));
        let coming =
            self.structure.edges_directed(index(slot), Incoming).map(|edge| (edge.source(), *edge.weight()));
        let successors = leaving.filter(|&(_, kind)| propagates(kind)).map(|(node, _)| node.index() as u32);
        let predecessors = coming.filter(|&(_, kind)| propagates(kind)).map(|(node, _)| node.index() as u32);
        if !is_same(successors.collect(), &node.successors) {
            found.push(at(node, "graph/successors", "not those of its edges".to_owned()));
        }
        if !is_same(predecessors.collect(), &node.predecessors) {
            found.push(at(node, "graph/predecessors", "not those of its edges".to_owned()));
        }
        if node.is_queued {
            found.push(at(node, "graph/at-rest", "is waiting for its rank".to_owned()));
        }
    }

    fn check_counts(&self, found: &mut Vec<Violation>) {
        let mut counts = [0; super::KINDS];
        self.structure.edge_weights().for_each(|&kind| counts[kind as usize] += 1);
        let pages = (self.places.count(), self.structure.node_count());
        if counts != self.kind_counts || pages.0 != pages.1 {
            let facts = format!("{counts:?} edges counted as {:?}, {pages:?} pages", self.kind_counts);
            found.push(Violation::new("graph/counts", Place::Whole, facts));
        }
    }
}

/// Compares two lists of slots without their order; `told` may hold a slot twice, `kept` may not.
fn is_same(mut told: Slots, kept: &Slots) -> bool {
    let mut kept = kept.clone();
    told.sort_unstable();
    told.dedup();
    kept.sort_unstable();
    told == kept
}

fn at(node: &Node, rule: &'static str, facts: String) -> Violation {
    Violation::new(rule, Place::Page(node.page), facts)
}
