//! Stale pages: what changes leave behind, and bringing it up to date.
//!
//! A page is stale if what it depends on changed and it was not computed: because the bus defers that, because its
//! function is not here, or because the edge only warns. The flags are in the log; so nobody has to remember anything.

use mmsb_types::{Epoch, GraphEvent, PageId};

use super::{GraphHeld, WaveReport};
use crate::{Bus, Error, Transaction, commit};

/// When pages are computed whose inputs change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// In the commit that changes the inputs: no state shows one without the other.
    #[default]
    Immediate,
    /// When somebody calls [`Bus::propagate`]; until then they are stale, and say so. Where 65,536 pages
    /// are, the thread that commits propagates first.
    Deferred,
    /// As `Deferred`, and the commit after which so many pages are stale is followed by one that computes them.
    Batch(usize),
}

/// How many pages may wait.
const WAITING_MAX: usize = 1 << 16;

impl Bus {
    /// Computes every stale page whose function is here, and what follows, in a commit of its own; none, if there is
    /// none. What the report tells as [stale](WaveReport::stale) is stale still.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; nothing happened.
    #[track_caller]
    pub fn propagate(&self) -> Result<WaveReport, Error> {
        self.propagate_in(self.begin())
    }

    /// Propagates as [`Bus::propagate`] does, in the commit of this transaction.
    pub(crate) fn propagate_in(&self, tx: Transaction<'_>) -> Result<WaveReport, Error> {
        self.compute(tx, |held| held.stale_with_function())
    }

    /// Brings one stale page up to date, in a commit of its own: computes it, if it is derived; takes note that
    /// somebody has looked at it, if not. Nothing happens to a page that is not stale.
    ///
    /// # Errors
    /// [`Error::NoFunction`], and those of [`Transaction::commit`].
    #[track_caller]
    pub fn refresh(&self, page: PageId) -> Result<WaveReport, Error> {
        let mut tx = self.begin();
        self.page_bytes(page)?;
        let graph = self.graph()?;
        if graph.is_stale(page) && graph.registration(page).is_none() {
            tx.push_graph(GraphEvent::Fresh { page })?;
            return tx.commit_with_report().map(|(_, report)| report);
        }
        self.compute(tx, |held| held.if_stale(page))
    }

    /// Fills `buffer` from the page as [`Bus::read`] does, and tells whether it is stale, both as of the epoch
    /// returned.
    ///
    /// # Errors
    /// As [`Bus::read`]; [`Error::Busy`] if a commit under way does not end.
    ///
    /// # Cost
    /// A [snapshot](Bus::snapshot) for as long.
    pub fn read_flagged(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<(Epoch, bool), Error> {
        let snapshot = self.snapshot();
        snapshot.read(page, offset, buffer)?;
        Ok((snapshot.epoch(), snapshot.graph_state()?.is_stale(page)))
    }

    /// Commits the transaction with the pages that `choose` names computed; nothing, if it names none.
    fn compute(
        &self,
        mut tx: Transaction<'_>,
        choose: impl FnOnce(&mut GraphHeld<'_>) -> Result<Vec<PageId>, Error>,
    ) -> Result<WaveReport, Error> {
        let nanos = commit::begin(self, &tx)?;
        let mut held = GraphHeld::new(self)?;
        let wanted = choose(&mut held)?;
        if wanted.is_empty() {
            return Ok(WaveReport::at(self.epoch()));
        }
        let epoch = held.commit_all(&mut tx, nanos, &wanted)?;
        let report = held.last();
        drop(held);
        commit::settle(self, epoch, tx.draft.durability)?;
        Ok(WaveReport::clone(&report))
    }
}

impl GraphHeld<'_> {
    /// Propagates first where too many pages wait already.
    ///
    /// # Errors
    /// As [`Bus::propagate`]; nothing happened.
    pub(super) fn make_room(&mut self, nanos: Option<u64>) -> Result<(), Error> {
        if self.state().stale().len() < WAITING_MAX { Ok(()) } else { self.propagate(nanos) }
    }

    /// Propagates if so many pages wait as the bus was told to gather. A failure is not the commit's: it has happened,
    /// and the pages are stale still.
    pub(super) fn propagate_batch(&mut self, nanos: Option<u64>) {
        let Some(count) = self.bus().batch() else { return };
        if self.state().stale().len() >= count
            && let Err(error) = self.propagate(nanos)
        {
            tracing::error!(%error, "propagating a batch");
        }
    }

    fn propagate(&mut self, nanos: Option<u64>) -> Result<(), Error> {
        let wanted = self.stale_with_function()?;
        if wanted.is_empty() {
            return Ok(());
        }
        let mut tx = self.bus().begin();
        self.commit_all(&mut tx, nanos, &wanted).map(drop)
    }

    fn stale_with_function(&mut self) -> Result<Vec<PageId>, Error> {
        let state = self.state();
        let functions = &self.live().functions;
        Ok(state.stale().filter(|&page| functions.is_here(page, state.structure())).collect())
    }

    fn if_stale(&mut self, page: PageId) -> Result<Vec<PageId>, Error> {
        let state = self.state();
        if !state.is_stale(page) {
            return Ok(Vec::new());
        }
        let is_here = self.live().functions.is_here(page, state.structure());
        if is_here { Ok(vec![page]) } else { Err(Error::NoFunction { page }) }
    }
}
