//! Events that lead from one state of the graph to another.

use std::sync::Arc;

use mmsb_types::{Edge, GraphEvent, PageId, Registration};

/// One value, in two states.
pub(super) enum Difference {
    Edge { edge: Edge, from: bool, to: bool },
    Derived { page: PageId, from: Option<Arc<Registration>>, to: Option<Arc<Registration>> },
    Stale { page: PageId, from: bool, to: bool },
}

impl Difference {
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Edge { edge, from, to } => Self::Edge { edge, from: to, to: from },
            Self::Derived { page, from, to } => Self::Derived { page, from: to, to: from },
            Self::Stale { page, from, to } => Self::Stale { page, from: to, to: from },
        }
    }
}

/// Events from one state to another: first what goes, flags before what they need; then what comes.
#[derive(Default)]
pub(super) struct Steps {
    fresh: Vec<GraphEvent>,
    underived: Vec<GraphEvent>,
    removed: Vec<GraphEvent>,
    added: Vec<GraphEvent>,
    derived: Vec<GraphEvent>,
    stale: Vec<GraphEvent>,
}

impl Steps {
    pub(super) fn add(&mut self, difference: Difference) {
        match difference {
            Difference::Edge { edge, from: false, to: true } => self.added.push(GraphEvent::EdgeAdded(edge)),
            Difference::Edge { edge, from: true, to: false } => {
                self.removed.push(GraphEvent::EdgeRemoved(edge));
            }
            Difference::Stale { page, from: false, to: true } => self.stale.push(GraphEvent::Stale { page }),
            Difference::Stale { page, from: true, to: false } => self.fresh.push(GraphEvent::Fresh { page }),
            Difference::Derived { page, from, to } if from != to => {
                self.underived.extend(from.map(|_| GraphEvent::Underived { page }));
                self.derived.extend(to.map(|registration| GraphEvent::Derived { page, registration }));
            }
            _ => {}
        }
    }

    pub(super) fn events(self) -> Vec<GraphEvent> {
        let gone = [self.fresh, self.underived, self.removed];
        gone.into_iter().chain([self.added, self.derived, self.stale]).flatten().collect()
    }
}
