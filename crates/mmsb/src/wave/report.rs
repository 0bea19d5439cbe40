//! What a wave did, and why; and where it stopped.

use std::fmt;

use mmsb_graph::{Graph, Outcome, Ran, Schedule, Wave};
use mmsb_types::{Epoch, PageId};

/// A wave that computes so many pages is long.
const LONG_COUNT: usize = 64;

/// What the commit of an epoch computed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaveReport {
    pub(super) epoch: Epoch,
    pub(super) wave: Wave,
    pub(super) causes: Causes,
    pub(super) skipped: Vec<PageId>,
    pub(super) stale: Vec<PageId>,
    /// Those of the wave that were not computed after all, rising.
    pub(super) left: Vec<PageId>,
}

/// Of each page of a wave its inputs that had changed, one list after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Causes {
    pages: Vec<PageId>,
    /// Where each list ends.
    ends: Vec<usize>,
}

/// One page that was computed in a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recomputed {
    /// Which page.
    pub page: PageId,
    /// Its place in the topological order: the number of edges on the longest way to it.
    pub rank: u32,
    /// Its bytes are others now; if not, the wave was cut off here.
    pub is_changed: bool,
    /// Its inputs that had changed, by rising id; none if the page was asked for.
    pub causes: Vec<PageId>,
}

impl WaveReport {
    /// Tells that the commit of `epoch` computed nothing.
    pub(crate) fn at(epoch: Epoch) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// Returns the state that the commit made. If nothing changed and nothing was committed, the newest one.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns the pages that were not computed but changed all the same, by rising id: the wave began with them.
    #[must_use]
    pub fn touched(&self) -> &[PageId] {
        self.wave.touched()
    }

    /// Visits the pages that were computed, in their order: by rising rank, then id.
    pub fn ran(&self) -> impl Iterator<Item = Recomputed> {
        let computed = self.explained().filter(|(ran, _)| self.left.binary_search(&ran.page).is_err());
        computed.map(|(ran, causes)| Recomputed {
            page: ran.page,
            rank: ran.rank,
            is_changed: ran.outcome() == Outcome::Changed,
            causes: causes.to_vec(),
        })
    }

    /// Returns how many pages were computed.
    pub(crate) fn ran_count(&self) -> usize {
        self.wave.count() - self.left.len()
    }

    /// Tells whether it took so long that reading a clock would not have mattered.
    pub(super) fn is_long(&self) -> bool {
        self.ran_count() >= LONG_COUNT
    }

    /// Visits the pages that had their turn, each with its inputs that had changed.
    pub(super) fn explained(&self) -> impl Iterator<Item = (Ran, &[PageId])> {
        self.wave.ran().zip(self.causes.lists())
    }

    /// Returns the pages that were not computed because what they depend on came out as before, by rising id.
    #[must_use]
    pub fn skipped(&self) -> &[PageId] {
        &self.skipped
    }

    /// Returns the pages that are stale because of it: they are to be computed later, or nobody here knows how, or somebody is
    /// to look at them.
    #[must_use]
    pub fn stale(&self) -> &[PageId] {
        &self.stale
    }
}

impl Causes {
    /// Finds those of the schedule's last wave.
    pub(super) fn of(wave: &Wave, schedule: &Schedule, graph: &Graph) -> Self {
        let room = wave.count();
        let mut causes = Self { pages: Vec::with_capacity(room), ends: Vec::with_capacity(room) };
        for ran in wave.ran() {
            let start = causes.pages.len();
            causes.pages.extend(schedule.causes(graph, &ran));
            causes.pages[start..].sort_unstable();
            causes.ends.push(causes.pages.len());
        }
        causes
    }

    fn lists(&self) -> impl Iterator<Item = &[PageId]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.pages[start..end])
    }
}

impl fmt::Display for WaveReport {
    /// A line for each page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: from {}", self.epoch, List(self.touched()))?;
        self.ran().try_for_each(|ran| write!(f, "\n  {ran}"))?;
        if !self.skipped.is_empty() {
            write!(f, "\n  not reached: {}", List(&self.skipped))?;
        }
        if !self.stale.is_empty() {
            write!(f, "\n  stale: {}", List(&self.stale))?;
        }
        Ok(())
    }
}

impl fmt::Display for Recomputed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_changed { "changed" } else { "the same" };
        write!(f, "{} {what}, ", self.page)?;
        if self.causes.is_empty() { f.write_str("as asked") } else { write!(f, "by {}", List(&self.causes)) }
    }
}

/// Pages in one line.
struct List<'p>(&'p [PageId]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else { return f.write_str("no page") };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|page| write!(f, ", {page}"))
    }
}
