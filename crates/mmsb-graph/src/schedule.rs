//! What changed and what is wanted, and the wave that follows.
//!
//! Pages that wait for their turn hang in one list for each rank; a heap holds the ranks that have any. A wave
//! takes rank by rank, and within one the pages by their ids. What it touches it cleans up again, so it costs what
//! it touches, however large the graph is.
//!
//! Invariant: between waves nobody waits and nothing counts as changed.

mod queue;
mod set;

use mmsb_types::PageId;

use crate::{Graph, Outcome, Recompute, Step, Wave};
use queue::Queue;
use set::Set;

/// What the next wave begins with, and memory for going through it.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    touched: Vec<PageId>,
    wanted: Vec<PageId>,
    queue: Queue,
    /// Slots of pages that changed in this wave.
    changed: Set,
    /// The rank under way.
    turn: Vec<u32>,
    is_running: bool,
}

impl Schedule {
    /// Makes a schedule that waits for nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a page's bytes have changed: what is computed from it has its turn in the next wave.
    pub fn touch(&mut self, page: PageId) {
        self.touched.push(page);
    }

    /// Asks for a page itself to be computed in the next wave, whatever its inputs did. A page without an edge has
    /// no inputs and is not computed.
    pub fn want(&mut self, page: PageId) {
        self.wanted.push(page);
    }

    /// Tells whether the next wave has nothing to begin with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.wanted.is_empty()
    }

    /// Forgets what the next wave was to begin with.
    pub fn clear(&mut self) {
        self.touched.clear();
        self.wanted.clear();
    }

    /// Computes what follows from the pages touched and wanted, each page at most once, by rising (rank, id), and
    /// stops where bytes stay the same. The report goes to `wave`, in place of what is there.
    ///
    /// # Errors
    /// The first of `work`; the report is empty then. Whether the wave ends well or not, or `work` panics, the next
    /// one begins with what is touched and wanted after this one.
    ///
    /// # Cost
    /// O(pages computed, and their edges), and sorting where pages of a rank do not come by rising ids.
    pub fn run<W: Recompute>(
        &mut self,
        graph: &Graph,
        work: &mut W,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        self.begin(graph, wave);
        let result = self.go(graph, work, wave);
        self.end(graph, wave);
        if result.is_err() {
            wave.clear();
        }
        result
    }

    fn begin(&mut self, graph: &Graph, wave: &mut Wave) {
        if self.is_running {
            // A panic went through the last wave, and nobody cleaned up.
            (self.queue, self.changed) = (Queue::default(), Set::default());
        }
        self.is_running = true;
        self.touched.sort_unstable();
        self.touched.dedup();
        wave.begin(&self.touched);
        self.queue.fit(graph.slot_bound());
        self.changed.fit(graph.slot_bound());
        for slot in self.touched.iter().filter_map(|&page| graph.slot(page)) {
            self.changed.insert(slot);
            self.queue.push_followers(graph, slot);
        }
        for slot in self.wanted.iter().filter_map(|&page| graph.slot(page)) {
            self.queue.push(graph, slot);
        }
        self.clear();
    }

    fn go<W: Recompute>(&mut self, graph: &Graph, work: &mut W, wave: &mut Wave) -> Result<(), W::Error> {
        while self.queue.pop_rank(graph, &mut self.turn) {
            for &slot in &self.turn {
                let node = graph.node(slot);
                let inputs = node.before.running().filter(|&input| self.changed.contains(input));
                let causes = wave.explain(inputs.map(|input| graph.node(input).page));
                let step = Step { page: node.page, slot, rank: node.rank, causes };
                let outcome = work.recompute(&step)?;
                wave.add(node.page, node.rank, outcome);
                if outcome == Outcome::Changed {
                    self.changed.insert(slot);
                    self.queue.push_followers(graph, slot);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, graph: &Graph, wave: &Wave) {
        self.queue.clear();
        for page in wave.touched().iter().copied().chain(wave.changed()) {
            if let Some(slot) = graph.slot(page) {
                self.changed.remove(slot);
            }
        }
        self.is_running = false;
    }
}
