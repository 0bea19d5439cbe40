//! From what a transaction asks of the graph to the events that its commit logs.
//!
//! Who asks for an edge that is there gets it without an event; who deletes a page says nothing of its edges. So the
//! events are found out against the graph as it is, by applying them; what is refused half way is taken back.
//!
//! Invariant: a plan that is refused leaves the state as it was.

use std::collections::BTreeSet;

use mmsb_types::{EdgeKind, GraphEvent, PageId};

use super::{Before, GraphState, Misfit};
use crate::Error;

/// What a commit does to the graph; the state has it already.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order in which they fit.
    pub(crate) events: Vec<GraphEvent>,
    pub(crate) before: Before,
}

/// What is asked of the graph.
pub(crate) struct Wanted<'w> {
    /// In the transaction's order.
    pub(crate) edits: &'w [GraphEvent],
    /// They are exactly what is to be logged.
    pub(crate) is_exact: bool,
    /// Pages that the transaction deletes.
    pub(crate) deleted: &'w BTreeSet<PageId>,
}

/// Applies what is wanted to the state.
///
/// # Errors
/// [`Error::Cycle`], [`Error::NoSuchEdge`], [`Error::DerivedPage`], [`Error::HasDependents`]; the state is then as
/// it was.
pub(crate) fn plan(state: &mut GraphState, wanted: &Wanted<'_>) -> Result<Plan, Error> {
    let mut planner = Planner { state, plan: Plan::default() };
    match planner.all(wanted) {
        Ok(()) => Ok(planner.plan),
        Err(error) => {
            planner.state.restore(&planner.plan.before);
            Err(error)
        }
    }
}

struct Planner<'s> {
    state: &'s mut GraphState,
    plan: Plan,
}

impl Planner<'_> {
    fn all(&mut self, wanted: &Wanted<'_>) -> Result<(), Error> {
        for edit in wanted.edits {
            if wanted.is_exact {
                self.push(edit.clone())?;
            } else {
                self.edit(edit)?;
            }
        }
        self.delete(wanted.deleted)?;
        let touched = self.plan.events.iter().map(GraphEvent::page);
        Ok(self.state.check_stale(touched)?)
    }

    /// Applies an event and adds it to the plan.
    fn push(&mut self, event: GraphEvent) -> Result<(), Misfit> {
        self.plan.before.note(self.state, &event);
        self.state.apply(&event)?;
        self.plan.events.push(event);
        Ok(())
    }

    /// Makes an edit of it what has to happen for it.
    fn edit(&mut self, edit: &GraphEvent) -> Result<(), Misfit> {
        match edit {
            GraphEvent::EdgeAdded(edge) if self.state.has_edge(*edge) => Ok(()),
            GraphEvent::Stale { page } if self.state.is_stale(*page) => Ok(()),
            GraphEvent::Stale { page } if !self.state.has_parents(*page) => Ok(()),
            GraphEvent::Fresh { page } if !self.state.is_stale(*page) => Ok(()),
            GraphEvent::EdgeRemoved(_) => {
                self.push(edit.clone())?;
                self.freshen_alone(edit.page())
            }
            GraphEvent::Derived { page, .. } => {
                self.make_room(*page)?;
                self.push(edit.clone())
            }
            GraphEvent::Underived { page } => self.underive(*page),
            _ => self.push(edit.clone()),
        }
    }

    /// Takes away what a new registration of the page replaces: the one before, and data edges made by hand.
    fn make_room(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.registration(page).is_some() {
            return self.underive(page);
        }
        let edges = self.state.structure().edges_at(page).into_iter();
        let mut made = edges.filter(|edge| edge.target == page && edge.kind == EdgeKind::Data);
        made.try_for_each(|edge| self.push(GraphEvent::EdgeRemoved(edge)))
    }

    /// A page that is computed no more is not behind its inputs either.
    fn underive(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.is_stale(page) {
            self.push(GraphEvent::Fresh { page })?;
        }
        self.push(GraphEvent::Underived { page })
    }

    /// The flag goes with the last edge.
    fn freshen_alone(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.is_stale(page) && !self.state.has_parents(page) {
            self.push(GraphEvent::Fresh { page })?;
        }
        Ok(())
    }

    /// Takes the pages out of the graph.
    fn delete(&mut self, pages: &BTreeSet<PageId>) -> Result<(), Error> {
        for &page in pages {
            if self.state.registration(page).is_some() {
                self.underive(page)?;
            }
        }
        pages.iter().try_for_each(|&page| self.cut_off(page))
    }

    fn cut_off(&mut self, page: PageId) -> Result<(), Error> {
        let edges = self.state.structure().edges_at(page);
        if let Some(edge) = edges.iter().find(|&&edge| self.state.is_implied(edge)) {
            return Err(Error::HasDependents { page, dependent: edge.target });
        }
        for edge in edges {
            self.push(GraphEvent::EdgeRemoved(edge))?;
            self.freshen_alone(edge.target)?;
        }
        Ok(())
    }
}
