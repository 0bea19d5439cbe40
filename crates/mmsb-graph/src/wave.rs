//! What a wave did, and why; what it did not do shows by its absence.

use mmsb_types::PageId;

use crate::{Graph, Outcome};

/// The report of one wave. Kept and handed in again, it costs no memory anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    touched: Vec<PageId>,
    steps: Vec<Done>,
    /// The causes of all steps, one after the other.
    causes: Vec<PageId>,
}

/// One page that was computed in a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran<'a> {
    /// Which page.
    pub page: PageId,
    /// Its rank then.
    pub rank: u32,
    /// What became of its bytes.
    pub outcome: Outcome,
    /// Its inputs that had changed, rising.
    pub causes: &'a [PageId],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    page: PageId,
    rank: u32,
    outcome: Outcome,
    causes_end: usize,
}

impl Wave {
    /// Returns the pages that the wave began with because they had changed, rising.
    #[must_use]
    pub fn touched(&self) -> &[PageId] {
        &self.touched
    }

    /// Returns how many pages were computed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.steps.len()
    }

    /// Returns the pages that were computed, by rising (rank, id): the order in which they were.
    pub fn ran(&self) -> impl Iterator<Item = Ran<'_>> {
        (0..self.steps.len()).map(|place| self.ran_at(place))
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
        let mut ran: Vec<PageId> = self.steps.iter().map(|step| step.page).collect();
        ran.sort_unstable();
        let mut skipped: Vec<PageId> = self.cut_off().flat_map(|page| graph.dependents(page)).collect();
        skipped.sort_unstable();
        skipped.dedup();
        skipped.retain(|page| ran.binary_search(page).is_err());
        skipped
    }

    fn with(&self, outcome: Outcome) -> impl Iterator<Item = PageId> {
        self.steps.iter().filter(move |step| step.outcome == outcome).map(|step| step.page)
    }

    fn ran_at(&self, place: usize) -> Ran<'_> {
        let Done { page, rank, outcome, causes_end } = self.steps[place];
        let causes_start = place.checked_sub(1).map_or(0, |before| self.steps[before].causes_end);
        Ran { page, rank, outcome, causes: &self.causes[causes_start..causes_end] }
    }

    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.steps.clear();
        self.causes.clear();
    }

    pub(crate) fn begin(&mut self, touched: &[PageId]) {
        self.clear();
        self.touched.extend_from_slice(touched);
    }

    /// Adds a cause of the next page.
    #[inline]
    pub(crate) fn add_cause(&mut self, input: PageId) {
        self.causes.push(input);
    }

    /// Returns how many causes all pages so far have.
    #[inline]
    pub(crate) fn cause_count(&self) -> usize {
        self.causes.len()
    }

    /// Sorts the causes added since there were `start`, and returns how many all pages so far have.
    #[inline(always)]
    pub(crate) fn sort_causes(&mut self, start: usize) -> usize {
        let end = self.causes.len();
        if end - start > 1 {
            sort(&mut self.causes[start..]);
        }
        end
    }

    /// Returns causes by their places.
    #[inline(always)]
    pub(crate) fn causes_between(&self, start: usize, end: usize) -> &[PageId] {
        &self.causes[start..end]
    }

    /// Adds the next page; its causes were added before and end there.
    #[inline]
    pub(crate) fn add(&mut self, page: PageId, rank: u32, outcome: Outcome, causes_end: usize) {
        self.steps.push(Done { page, rank, outcome, causes_end });
    }
}

#[inline(never)]
fn sort(pages: &mut [PageId]) {
    if !pages.is_sorted() {
        pages.sort_unstable();
    }
}
