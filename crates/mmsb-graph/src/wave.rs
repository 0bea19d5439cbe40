//! What a wave did; what it did not do shows by its absence. Why it did it follows from the graph, so nothing is noted
//! of that while it runs: [`Schedule::causes`](crate::Schedule::causes) tells.

use mmsb_types::PageId;

use crate::{Graph, Outcome, Step, node::SLOTS_MAX};

/// The report of one wave. Kept and handed in again, it costs no memory anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    touched: Vec<PageId>,
    ran: Vec<Ran>,
}

/// One page that was computed in a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Which page.
    pub page: PageId,
    /// Its rank then.
    pub rank: u32,
    /// Its place among the slots then, and below it whether its bytes changed.
    slot_and_outcome: u32,
}

const _: () = assert!(size_of::<Ran>() == 16);
const _: () = assert!(SLOTS_MAX <= 1 << 31);

impl Ran {
    #[inline(always)]
    pub(crate) fn new(step: &Step, outcome: Outcome) -> Self {
        let slot_and_outcome = step.slot << 1 | u32::from(outcome == Outcome::Changed);
        Self { page: step.page, rank: step.rank, slot_and_outcome }
    }

    /// Returns what became of its bytes.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.slot_and_outcome & 1 == 1 { Outcome::Changed } else { Outcome::Equal }
    }

    /// Returns the slot that the page had.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.slot_and_outcome >> 1
    }
}

impl Wave {
    /// Makes an empty report with room for so many pages.
    #[must_use]
    pub fn with_capacity(pages: usize) -> Self {
        Self { touched: Vec::new(), ran: Vec::with_capacity(pages) }
    }

    /// Returns the pages that the wave began with because they had changed, rising.
    #[must_use]
    pub fn touched(&self) -> &[PageId] {
        &self.touched
    }

    /// Returns how many pages were computed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ran.len()
    }

    /// Returns the pages that were computed, by rising (rank, id): the order in which they were.
    pub fn ran(&self) -> impl Iterator<Item = Ran> {
        self.ran.iter().copied()
    }

    /// Returns the pages that were computed and are the same as before: where the wave stopped.
    pub fn cut_off(&self) -> impl Iterator<Item = PageId> {
        self.with(Outcome::Equal)
    }

    /// Returns the pages that were computed and are others than before.
    pub fn changed(&self) -> impl Iterator<Item = PageId> {
        self.with(Outcome::Changed)
    }

    /// Returns the pages that were not computed because the wave was cut off right before them, rising. The graph
    /// has to be the one that the wave went through.
    ///
    /// # Cost
    /// O(pages computed, and followers of those cut off), and sorting.
    #[must_use]
    pub fn skipped(&self, graph: &Graph) -> Vec<PageId> {
        let mut skipped: Vec<PageId> = self.cut_off().flat_map(|page| graph.dependents(page)).collect();
        if skipped.is_empty() {
            return skipped;
        }
        let mut ran: Vec<PageId> = self.ran.iter().map(|ran| ran.page).collect();
        ran.sort_unstable();
        skipped.sort_unstable();
        skipped.dedup();
        skipped.retain(|page| ran.binary_search(page).is_err());
        skipped
    }

    fn with(&self, outcome: Outcome) -> impl Iterator<Item = PageId> {
        self.ran.iter().filter(move |ran| ran.outcome() == outcome).map(|ran| ran.page)
    }

    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.ran.clear();
    }

    /// Begins anew, with what is touched, which is taken.
    pub(crate) fn begin(&mut self, touched: &mut Vec<PageId>) {
        self.clear();
        std::mem::swap(&mut self.touched, touched);
        if self.touched.len() > 1 {
            self.touched.sort_unstable();
            self.touched.dedup();
        }
    }

    /// Adds the next page.
    #[inline(always)]
    pub(crate) fn add(&mut self, ran: Ran) {
        self.ran.push(ran);
    }
}
