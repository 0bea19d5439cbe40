//! What follows from a change: derived pages, computed in the commit that changes what they are computed from.
//!
//! 1. A commit that changes a marked page takes the graph lock (`commit/graph.rs`); so whatever the wave computes
//!    from stays as it is until the commit is published.
//! 2. The pages that the commit changes are laid on the desk as it is to leave them; those that come out as they
//!    were start nothing (`plan`).
//! 3. Rank by rank, what is computed from changed pages is computed; what comes out as it was is cut off (`run`).
//! 4. What changed joins the transaction as captured pages, with flags and the cause; it is committed as any other
//!    (`commit`).
//!
//! Invariant: nothing of a wave is seen before its commit is published, or after it was refused.

mod cause;
mod commit;
mod compute;
mod derive;
mod desk;
mod functions;
mod hands;
mod live;
mod patches;
mod plan;
mod purity;
mod report;
mod run;
mod stale;
pub(crate) mod token;
mod touch;
mod trials;

pub use self::{
    cause::Cause,
    report::{Recomputed, WaveReport},
    stale::Propagation,
};
pub(crate) use self::{
    cause::decode as decode_cause,
    commit::{GraphHeld, commit, commit_with_report},
    derive::derive,
    hands::Hands,
    live::{LiveGraph, mark_all},
    trials::Trial,
};
