//! From what a transaction asks of the graph to the events that its commit logs.
//!
//! Who asks for an edge that is there gets it without an event; who deletes a page says nothing of its edges. So what
//! is asked is done to the graph as it is, in its order, and what has changed then are the events. What is refused
//! half way is taken back.
//!
//! Invariant: a plan that is refused leaves the state as it was. The events of a plan fit the state before it one by
//! one, and name nothing twice.

use mmsb_types::{EdgeKind, Epoch, GraphEvent, PageId};

use super::{Before, GraphState, Misfit};
use crate::Error;

/// One thing that a transaction asks of the graph.
#[derive(Clone, Debug)]
pub(crate) enum GraphEdit {
    /// That this be so.
    Event(GraphEvent),
    /// That the page be in no edge.
    Delete(PageId),
}

/// What is asked of the graph.
pub(crate) struct Wanted<'w> {
    /// In the transaction's order.
    pub(crate) edits: &'w [GraphEdit],
    /// Nothing is done for an edit but what it says.
    pub(crate) is_exact: bool,
    /// Tells whether a page lives once the transaction is committed.
    pub(crate) lives: &'w dyn Fn(PageId) -> bool,
    /// The newest state, for who is told that a page is not there.
    pub(crate) epoch: Epoch,
}

/// What a commit does to the graph; the state has it already.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) events: Vec<GraphEvent>,
    pub(crate) before: Before,
}

/// Does to the state what is wanted.
///
/// # Errors
/// [`Error::Cycle`], [`Error::NoSuchEdge`], [`Error::DerivedPage`], [`Error::NotDerived`], [`Error::HasDependents`],
/// [`Error::PageNotFound`]; the state is then as it was.
pub(crate) fn plan(state: &mut GraphState, wanted: &Wanted<'_>) -> Result<Plan, Error> {
    let mut planner = Planner { state, before: Before::default() };
    let planned = planner.all(wanted);
    let Planner { state, before } = planner;
    let events = before.events_since(state);
    let planned = planned.and_then(|()| check_living(&events, wanted));
    planned.inspect_err(|_| state.restore(&before)).map(|()| Plan { events, before })
}

/// Checks that the pages that come into the graph live.
fn check_living(events: &[GraphEvent], wanted: &Wanted<'_>) -> Result<(), Error> {
    let missing = events.iter().flat_map(GraphEvent::joining).find(|&page| !(wanted.lives)(page));
    missing.map_or(Ok(()), |page| Err(Error::PageNotFound { page, epoch: wanted.epoch }))
}

struct Planner<'s> {
    state: &'s mut GraphState,
    before: Before,
}

impl Planner<'_> {
    fn all(&mut self, wanted: &Wanted<'_>) -> Result<(), Error> {
        for edit in wanted.edits {
            match edit {
                GraphEdit::Event(event) if wanted.is_exact => self.apply(event)?,
                GraphEdit::Event(event) => self.edit(event)?,
                GraphEdit::Delete(_) if wanted.is_exact => {}
                GraphEdit::Delete(page) => self.cut_off(*page)?,
            }
        }
        self.check_deleted(wanted.edits)?;
        Ok(self.state.check_stale(self.before.pages())?)
    }

    fn apply(&mut self, event: &GraphEvent) -> Result<(), Misfit> {
        let derived = self.state.registration(event.page()).cloned();
        self.state.apply(event)?;
        self.before.note(event, derived);
        Ok(())
    }

    /// Does what has to be done for an event to be so.
    fn edit(&mut self, event: &GraphEvent) -> Result<(), Misfit> {
        match event {
            GraphEvent::EdgeAdded(edge) if self.state.has_edge(*edge) => Ok(()),
            GraphEvent::Fresh { page } if !self.state.is_stale(*page) => Ok(()),
            GraphEvent::Stale { page } if self.state.is_stale(*page) || !self.state.has_parents(*page) => {
                Ok(())
            }
            GraphEvent::EdgeRemoved(_) => self.apply(event).and_then(|()| self.freshen_alone(event.page())),
            GraphEvent::Derived { page, .. } => self.make_room(*page).and_then(|()| self.apply(event)),
            GraphEvent::Underived { page } => self.underive(*page),
            _ => self.apply(event),
        }
    }

    /// Takes away what a new registration of the page replaces: the one before, and data edges made by hand.
    fn make_room(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.registration(page).is_some() {
            return self.underive(page);
        }
        let edges = self.state.structure().edges_at(page).into_iter();
        let mut made = edges.filter(|edge| edge.target == page && edge.kind == EdgeKind::Data);
        made.try_for_each(|edge| self.apply(&GraphEvent::EdgeRemoved(edge)))
    }

    /// A page that is computed no more is not behind its inputs either.
    fn underive(&mut self, page: PageId) -> Result<(), Misfit> {
        self.edit(&GraphEvent::Fresh { page })?;
        self.apply(&GraphEvent::Underived { page })
    }

    /// The flag goes with the last edge.
    fn freshen_alone(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.has_parents(page) { Ok(()) } else { self.edit(&GraphEvent::Fresh { page }) }
    }

    /// Takes the page out of the graph, but for the edges to pages derived from it.
    fn cut_off(&mut self, page: PageId) -> Result<(), Misfit> {
        if self.state.registration(page).is_some() {
            self.underive(page)?;
        }
        // The newest first, which is mostly the one with the highest id: it is found at once.
        for edge in self.state.structure().edges_at(page).into_iter().rev() {
            if !self.state.is_implied(edge) {
                self.edit(&GraphEvent::EdgeRemoved(edge))?;
            }
        }
        Ok(())
    }

    /// Checks that nothing that stays is derived from what is deleted.
    fn check_deleted(&self, edits: &[GraphEdit]) -> Result<(), Error> {
        let deleted = edits.iter().filter_map(|edit| match edit {
            GraphEdit::Delete(page) => Some(*page),
            GraphEdit::Event(_) => None,
        });
        let edges = |page| self.state.structure().edges_at(page);
        let kept = deleted.filter_map(|page| edges(page).first().map(|edge| (page, edge.target))).next();
        kept.map_or(Ok(()), |(page, dependent)| Err(Error::HasDependents { page, dependent }))
    }
}
