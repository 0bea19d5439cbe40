//! A branch's graph: edges that its transactions make and take away, and flags for what they leave behind.
//!
//! A branch has no functions, so it recomputes nothing: a page that depends on one that changed becomes stale. Once
//! kept and opened, it is recomputed as any stale page is.
//!
//! Invariant: a derived page's bytes are those of its last recompute, here as in the parent.

use std::collections::BTreeSet;

use mmsb_types::{Edge, EdgeKind, Epoch, GraphEvent, PageId};

use super::{Branch, State};
use crate::{
    Error,
    graph::{GraphEdit, GraphState, Plan, Wanted, plan},
    txn::{Change, Detail, Life},
};

impl Branch {
    /// Applies to the graph what the transaction asks for and leads to; `changed` goes by its pages.
    pub(super) fn change_graph(
        &self,
        state: &mut State,
        detail: &Detail<'_>,
        changed: &[bool],
    ) -> Result<Plan, Error> {
        let own = state.layer.graph.take();
        let is_own = own.is_some();
        let mut graph = own.map_or_else(|| self.inner.base.graph().map(Box::new), Ok)?;
        let planned = self.plan_graph(state, &mut graph, detail, changed);
        let is_changed = planned.as_ref().is_ok_and(|plan| !plan.events.is_empty());
        state.layer.graph = Some(graph).filter(|_| is_own || is_changed);
        planned
    }

    fn plan_graph(
        &self,
        state: &State,
        graph: &mut GraphState,
        detail: &Detail<'_>,
        changed: &[bool],
    ) -> Result<Plan, Error> {
        check_derived(graph, detail)?;
        let mut edits = detail.edits.clone();
        let changed = detail.pages.iter().zip(changed).filter(|(page, changed)| **changed && !page.born);
        let left_behind = changed.flat_map(|(page, _)| dependents(graph, page.page));
        let stale: BTreeSet<PageId> = left_behind.collect();
        edits.extend(stale.into_iter().map(|page| GraphEdit::Event(GraphEvent::Stale { page })));
        let lives = |page| detail.leaves_living(page, || state.layer.life(&self.inner.base, page).is_ok());
        let epoch = state.layer.epoch;
        plan(graph, &Wanted { edits: &edits, is_exact: false, lives: &lives, epoch })
    }
}

impl State {
    /// Undoes [`Branch::change_graph`]: the commit is refused.
    pub(super) fn take_back_graph(&mut self, made: &Plan) {
        if let Some(graph) = &mut self.layer.graph {
            graph.restore(&made.before);
        }
    }

    /// Notes which commit changed the graph, if it did.
    pub(super) fn date_graph(&mut self, made: &Plan, epoch: Epoch) {
        if let Some(graph) = self.layer.graph.as_mut().filter(|_| !made.events.is_empty()) {
            graph.epoch = epoch;
        }
    }
}

/// Refuses bytes written by hand to a derived page.
fn check_derived(graph: &GraphState, detail: &Detail<'_>) -> Result<(), Error> {
    let written = |life, change: &Change<'_>| life == Life::Old && !matches!(change, Change::None);
    let mut pages = detail.pages.iter().filter(|page| written(page.life, &page.change));
    let derived = pages.find(|page| graph.registration(page.page).is_some());
    derived.map_or(Ok(()), |page| Err(Error::DerivedPage { page: page.page }))
}

/// Returns the pages that a change of this one leaves behind: those derived from it, and those that it controls.
fn dependents(graph: &GraphState, page: PageId) -> Vec<PageId> {
    let is_left_behind = |edge: &Edge| match edge.kind {
        EdgeKind::Control => true,
        EdgeKind::GpuSync => false,
        EdgeKind::Data | EdgeKind::Compiler => graph.registration(edge.target).is_some(),
    };
    let edges = graph.structure().edges_at(page).into_iter().filter(|edge| edge.source == page);
    edges.filter(is_left_behind).map(|edge| edge.target).collect()
}
