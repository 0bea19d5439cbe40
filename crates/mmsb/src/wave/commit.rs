//! A commit under the graph lock: planned, computed, published; or refused, and everything is as before.

use std::sync::Arc;

use mmsb_page::{AllCommitters, Committer};
use mmsb_types::{Epoch, GraphEvent, PageId};

use super::{
    LiveGraph, WaveReport,
    live::{mark, pages_of},
    plan::{Planned, Task},
    token,
};
use crate::{
    Bus, Error, Transaction,
    commit::{self, change_graph, changes_edges},
    graph::{GraphChange, GraphEdit, GraphState},
    sync::MutexGuard,
};

/// Commits a transaction that has to do with the graph; returns the epoch.
///
/// # Errors
/// As [`Transaction::commit`].
pub(crate) fn commit(bus: &Bus, tx: &mut Transaction<'_>, nanos: Option<u64>) -> Result<Epoch, Error> {
    let mut held = GraphHeld::new(bus)?;
    held.make_room(nanos)?;
    let epoch = held.commit(tx, nanos, &[])?;
    held.propagate_batch(nanos);
    Ok(epoch)
}

/// Commits a transaction, whatever it has to do with the graph; returns the wave that followed.
///
/// # Errors
/// As [`Transaction::commit`].
pub(crate) fn commit_with_report(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    nanos: Option<u64>,
) -> Result<Arc<WaveReport>, Error> {
    let mut held = GraphHeld::new(bus)?;
    held.make_room(nanos)?;
    held.commit(tx, nanos, &[])?;
    let report = held.last();
    held.propagate_batch(nanos);
    Ok(report)
}

/// The graph lock, taken for a commit.
pub(crate) struct GraphHeld<'b> {
    bus: &'b Bus,
    live: MutexGuard<'b, LiveGraph>,
}

impl<'b> GraphHeld<'b> {
    /// Takes the graph lock; the caller holds no committer.
    ///
    /// # Errors
    /// [`Error::Reentrant`].
    pub(crate) fn new(bus: &'b Bus) -> Result<Self, Error> {
        token::check()?;
        Ok(Self { bus, live: bus.graph_lock().lock() })
    }

    pub(super) fn bus(&self) -> &'b Bus {
        self.bus
    }

    pub(crate) fn live(&mut self) -> &mut LiveGraph {
        &mut self.live
    }

    /// Returns the newest state. Drop it before the graph changes, or the change copies it.
    pub(super) fn state(&self) -> GraphState {
        self.bus.graph_lock().newest(&self.live)
    }

    pub(super) fn last(&self) -> Arc<WaveReport> {
        self.live.last.clone().unwrap_or_default()
    }

    /// Commits a transaction with all that follows from it, and with `wanted` pages computed.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; nothing happened.
    pub(super) fn commit(
        &mut self,
        tx: &mut Transaction<'_>,
        nanos: Option<u64>,
        wanted: &[PageId],
    ) -> Result<Epoch, Error> {
        self.commit_as(tx, nanos, wanted, self.bus.defers())
    }

    /// Commits as [`GraphHeld::commit`] does, and computes all that follows, whatever the bus defers.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; nothing happened.
    pub(super) fn commit_all(
        &mut self,
        tx: &mut Transaction<'_>,
        nanos: Option<u64>,
        wanted: &[PageId],
    ) -> Result<Epoch, Error> {
        self.commit_as(tx, nanos, wanted, false)
    }

    fn commit_as(
        &mut self,
        tx: &mut Transaction<'_>,
        nanos: Option<u64>,
        wanted: &[PageId],
        defers: bool,
    ) -> Result<Epoch, Error> {
        let mut pages = asked(tx);
        let gate = if changes_edges(self.bus, tx) { Some(self.bus.gate()?) } else { None };
        let change = change_graph(self.bus, &self.live, tx)?;
        pages.extend(change.iter().flat_map(GraphChange::touched));
        self.place(&pages);
        let made = self.plan(tx, wanted, defers);
        let made = made.and_then(|planned| self.publish(tx, planned, change, nanos, gate.as_ref()));
        self.end(made, &pages)
    }

    /// Commits a transaction as it stands: nothing is computed.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; nothing happened.
    pub(crate) fn publish_as_is(
        &mut self,
        tx: &mut Transaction<'_>,
        committer: &Committer<'_>,
        nanos: Option<u64>,
    ) -> Result<Epoch, Error> {
        let mut pages = asked(tx);
        let change = change_graph(self.bus, &self.live, tx)?;
        pages.extend(change.iter().flat_map(GraphChange::touched));
        // A panic may have gone through the last wave.
        self.live.desk.forget();
        self.live.desk.doubt();
        let made = commit::publish(self.bus, tx, committer, nanos, change);
        self.end(made.map(WaveReport::at), &pages)
    }

    fn plan(&mut self, tx: &mut Transaction<'_>, wanted: &[PageId], defers: bool) -> Result<Planned, Error> {
        let (state, counters) = (self.state(), self.bus.counters());
        let timer = counters.time_wave(self.live.last.as_ref().is_some_and(|last| last.is_long()));
        let _span = tracing::trace_span!("wave").entered();
        let planned = Task { bus: self.bus, state: &state, wanted, defers }.plan(&mut self.live, tx)?;
        let page_count = planned.report.ran_count();
        if page_count > 0 {
            counters.add_wave(timer.as_ref(), page_count as u64);
        }
        Ok(planned)
    }

    fn publish(
        &mut self,
        tx: &mut Transaction<'_>,
        planned: Planned,
        change: Option<GraphChange<'b>>,
        nanos: Option<u64>,
        gate: Option<&AllCommitters<'_>>,
    ) -> Result<WaveReport, Error> {
        let Planned { mut report, flags } = planned;
        let change = self.flagged(change, &flags)?;
        report.epoch = match gate {
            Some(gate) => commit::publish(self.bus, tx, gate.committer(), nanos, change)?,
            None => commit::publish(self.bus, tx, &self.bus.committer()?, nanos, change)?,
        };
        Ok(report)
    }

    fn flagged(
        &self,
        change: Option<GraphChange<'b>>,
        flags: &[GraphEvent],
    ) -> Result<Option<GraphChange<'b>>, Error> {
        match change {
            Some(mut change) => change.add(flags).map(|()| Some(change)),
            None if flags.is_empty() => Ok(None),
            None => commit::flag(self.bus, &self.live, flags).map(Some),
        }
    }

    /// Finds the functions of these pages anew, whose registrations may have changed.
    pub(super) fn place(&mut self, pages: &[PageId]) {
        if !pages.is_empty() {
            let state = self.state();
            self.live.desk.doubt();
            self.live.place(pages, &state);
        }
    }

    /// Ends a commit that was published, or refused; `pages` are those whose part in the graph may have changed.
    fn end(&mut self, made: Result<WaveReport, Error>, pages: &[PageId]) -> Result<Epoch, Error> {
        self.place(pages);
        let report = made.inspect_err(|_| self.live.desk.forget())?;
        let (store, epoch) = (self.bus.store(), report.epoch);
        self.live.desk.publish(store);
        self.live.last = Some(Arc::new(report));
        if !pages.is_empty() {
            mark(store, pages, &self.state());
            self.bus.graph_lock().note_use();
        }
        Ok(epoch)
    }
}

/// Returns the pages whose part in the graph a transaction asks to change.
fn asked(tx: &Transaction<'_>) -> Vec<PageId> {
    let edits = tx.detail().map_or(&[][..], |detail| &detail.edits);
    let of = |edit: &GraphEdit| match edit {
        GraphEdit::Event(event) => pages_of(event).collect(),
        GraphEdit::Delete(page) => vec![*page],
    };
    edits.iter().flat_map(of).collect()
}
