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
    fn recompute(&mut self, step: &Step<'_>) -> Result<Outcome, Self::Error>;
}

/// Computes pages for a wave, several at once.
pub trait RecomputeShared: Sync {
    /// Why a page cannot be computed; ends the wave.
    type Error: Send;

    /// As [`Recompute::recompute`], in whatever thread. Pages of one rank may be computed at once; none of them is
    /// an input of another.
    ///
    /// # Errors
    /// Whatever ends the wave.
    fn recompute(&self, step: &Step<'_>) -> Result<Outcome, Self::Error>;
}

/// One page's turn in a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Whose turn it is.
    pub page: PageId,
    /// A small number that is the page's own as long as it has an edge; for tables by page.
    pub slot: u32,
    /// The page's rank.
    pub rank: u32,
    /// Its inputs that changed in this wave, rising. None if the page was asked for and no input changed.
    pub causes: &'a [PageId],
}

/// What became of a page's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// They are others: what depends on the page has its turn.
    Changed,
    /// They are the same: the wave goes no further here.
    Equal,
}
