//! What does not fit a graph: in the words of a replay, and in those of who asked for it.

use mmsb_graph::GraphError;
use mmsb_types::{Edge, PageId};

use crate::Error;

/// Why a change of the graph is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misfit {
    #[error(transparent)]
    Cycle(#[from] GraphError),
    #[error("the edge {edge} is there already")]
    EdgeThere { edge: Edge },
    #[error("there is no edge {edge}")]
    NoSuchEdge { edge: Edge },
    #[error("{page} is derived already")]
    Derived { page: PageId },
    #[error("{page} is not derived")]
    NotDerived { page: PageId },
    #[error("{page} is {} already", if *stale { "stale" } else { "fresh" })]
    Flag { page: PageId, stale: bool },
    #[error("{page} is stale, and no edge leads to it")]
    StaleAlone { page: PageId },
    #[error("{page} is deleted and has edges")]
    Gone { page: PageId },
}

impl From<Misfit> for String {
    fn from(misfit: Misfit) -> Self {
        misfit.to_string()
    }
}

impl From<Misfit> for Error {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Cycle(GraphError::Cycle { pages }) => Self::Cycle { pages },
            Misfit::NoSuchEdge { edge } => Self::NoSuchEdge { edge },
            Misfit::Derived { page } => Self::DerivedPage { page },
            Misfit::NotDerived { page } => Self::NotDerived { page },
            other => Self::GraphMisfit { what: other.to_string() },
        }
    }
}
