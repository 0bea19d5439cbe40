//! Who depends on whom: typed edges between pages, the order they demand, and waves of recomputes along it.
//!
//! Reading order:
//! 1. [`Edge`], [`Graph`]: the structure. It never holds a cycle: [`Graph::add_edge`] refuses the edge that
//!    would close one, and names it ([`GraphError`]). A page is in the graph as long as it has an edge.
//! 2. [`Graph::rank`]: a page's place in the topological order, the number of edges on the longest way to it. It
//!    follows from the edges alone, however they came to be there. Pages of one rank do not depend on each other.
//! 3. [`Recompute`]: how a page is computed anew; pages, bytes and functions are the implementer's.
//! 4. [`Schedule`]: what changed and what is wanted; [`Schedule::run`] is one wave, [`Wave`] its report.
//! 5. [`Workers`]: threads that share a rank out, for work that several can do ([`RecomputeShared`]).
//! 6. [`Graph::check`], [`Graph::dot`], [`GraphStats`]: looking at it.
//!
//! Invariant: knows no pages, no bytes and no log. Nothing recurses, so no depth of a graph can exhaust the stack.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod error;
mod node;
mod places;

mod graph;
mod propagate;
mod schedule;
mod stats;
mod wave;
mod workers;

pub use error::{GraphError, WorkersError};
pub use graph::Graph;
pub use mmsb_types::Edge;
pub use propagate::{Outcome, Recompute, RecomputeShared, Step};
pub use schedule::Schedule;
pub use stats::GraphStats;
pub use wave::{Ran, Wave};
pub use workers::Workers;
