//! How a page is computed anew: the one door through which work arrives.

use mmsb_types::PageId;

/// Computes pages for a wave.
pub trait Recompute {
    /// Why a page cannot be computed; ends the wave.
    type Error;

    /// Computes one page from its inputs, all of which are up to date, and tells whether its bytes changed.
    ///
    /// # Errors
    /// Whatever ends the wave.
    fn recompute(&mut self, step: &Step) -> Result<Outcome, Self::Error>;
}

/// Computes pages for a wave, several at once: what may be done side by side apart from what may not.
///
/// A page computed so, and one that [`Recompute::recompute`] computes, must come to the same.
pub trait RecomputeShared: Recompute<Error: Send> + Sync {
    /// What a page was computed to be.
    type Made: Send;

    /// Sees to it that all is there that computing the page needs; in the wave's own thread, by rising page ids.
    ///
    /// # Errors
    /// Whatever ends the wave.
    fn prepare(&mut self, step: &Step) -> Result<(), Self::Error>;

    /// Computes one page, in whatever thread. Other pages of its rank may be computed at once; none of them is an
    /// input of another.
    ///
    /// # Errors
    /// Whatever ends the wave.
    fn compute(&self, step: &Step) -> Result<Self::Made, Self::Error>;

    /// Makes the page what it was computed to be, and tells whether its bytes changed; in the wave's own thread, by
    /// rising page ids, once all of a rank are computed.
    fn finish(&mut self, step: &Step, made: Self::Made) -> Outcome;
}

/// One page's turn in a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose turn it is.
    pub page: PageId,
    /// A small number that is the page's own as long as it has an edge; for tables by page.
    pub slot: u32,
    /// The page's rank.
    pub rank: u32,
}

/// What became of a page's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// They are others: what depends on the page has its turn.
    Changed,
    /// They are the same: the wave goes no further here.
    Equal,
}
