//! Everything that must hold, looked at from outside.

use mmsb_types::{Place, Violation};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};

use super::Graph;
use crate::node::{Link, Node};

impl Graph {
    /// Checks that no cycle is here, that ranks follow from the edges, and that the compact nodes hold the same edges
    /// as petgraph's graph does. Returns what is wrong.
    ///
    /// # Cost
    /// O(pages + edges, each looked up in its pages' lists).
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_edges(&mut found);
        self.check_ranks(&mut found);
        self.check_places(&mut found);
        self.check_counts(&mut found);
        found
    }

    /// Every edge of petgraph's graph is in both its pages' lists. As many edges as they have must then be all of
    /// theirs, which the counts tell.
    fn check_edges(&self, found: &mut Vec<Violation>) {
        for edge in self.structure.edge_references() {
            let (from, to) = (edge.source().index(), edge.target().index());
            let (source, target) = (&self.nodes[from], &self.nodes[to]);
            let has = |link: Option<Link>| link.is_some_and(|link| link.has(*edge.weight()));
            if !has(source.after.to(to as u32)) || !has(target.before.to(from as u32)) {
                let facts = format!("{:?} -> {:?} is not in both lists", source.page, target.page);
                found.push(at(source, "graph/links", facts));
            }
        }
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
            if node.is_queued {
                found.push(at(node, "graph/at-rest", "waits for its rank".to_owned()));
            }
        }
    }

    fn check_places(&self, found: &mut Vec<Violation>) {
        for (page, slot) in self.places.iter() {
            let node = self.nodes.get(slot as usize).filter(|node| node.page == page);
            let told = self.structure.node_weight(super::index(slot)).filter(|&&told| told == page);
            if node.is_none() || told.is_none() {
                let facts = format!("slot {slot} is another page's");
                found.push(Violation::new("graph/place", Place::Page(page), facts));
            }
        }
    }

    fn check_counts(&self, found: &mut Vec<Violation>) {
        let mut kinds = [0; super::KINDS];
        self.structure.edge_weights().for_each(|&kind| kinds[kind as usize] += 1);
        let (after, before) = self.count_links();
        let edges = self.structure.edge_count();
        let pages = (self.places.iter().count(), self.structure.node_count());
        if kinds != self.kind_counts || (after, before) != (edges, edges) || pages.0 != pages.1 {
            let told = self.kind_counts;
            let facts =
                format!("{kinds:?} edges, counted {told:?}, linked {after} and {before}; pages {pages:?}");
            found.push(Violation::new("graph/counts", Place::Whole, facts));
        }
    }

    /// Counts the edges that the nodes in use tell, on either side.
    fn count_links(&self) -> (usize, usize) {
        let count = |link: Link| link.edge_count() as usize;
        let nodes = self.structure.node_indices().map(|index| &self.nodes[index.index()]);
        nodes.fold((0, 0), |(after, before), node| {
            let sum = after + node.after.all().map(count).sum::<usize>();
            (sum, before + node.before.all().map(count).sum::<usize>())
        })
    }
}

fn at(node: &Node, rule: &'static str, facts: String) -> Violation {
    Violation::new(rule, Place::Page(node.page), facts)
}
