//! The dependency graph as state: who depends on whom, what is derived by what, what is stale; as of every epoch.
//!
//! The log tells it by graph events; replaying them gives it back, as it does pages. A live bus holds the newest
//! state, and what each newer commit replaced in it for as long as somebody looks at an older one.
//!
//! Invariant: the structure has no cycle. Whatever is in it lives. A derived page's data edges are those from its
//! distinct inputs, no others; a stale page has an edge that leads to it.

mod before;
mod live;
mod misfit;
mod plan;
mod state;
mod view;

pub use self::view::GraphView;
pub(crate) use self::{
    before::Before,
    live::{GraphChange, GraphLock},
    misfit::Misfit,
    plan::{GraphEdit, Plan, Wanted, plan},
    state::GraphState,
};
