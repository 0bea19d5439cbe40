//! Line `graph`: what the dependency graph and its waves cost, each beside the least that anybody can do.
//!
//! Every timed piece is made in one thread that stays on one processor; time in which the machine ran somebody
//! else's is left out. What was computed is compared with the bare loop's pages, byte by byte.
//!
//! - Waves: every page of a shape is computed anew after a change of its source. A repeat takes the bare loop and the
//!   wave right after one another, and the median is one of ratios. No log: "propagation alone".
//! - Commits: the same shapes as derived pages of a bus, logged; reported beside the waves.
//! - Cutting off: the same change, whose followers stay the same, in a small graph and in a large one.
//! - Edges: inserting with cycle refusal, checking, a chain as deep as the graph is large.
//! - Peers, if the runner was built with them, do the waves in the same repeats.

mod commits;
mod cutoff;
mod edges;
mod waves;

use anyhow::Result;

use crate::{Context, Line, Outcome};

inventory::submit! {
    Line { name: "graph", number: None, question: "what do dependencies and recomputing along them cost?", faults: &[], run }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    waves::rows(context, &mut outcome)?;
    commits::rows(context, &mut outcome)?;
    cutoff::rows(context, &mut outcome)?;
    edges::rows(context, &mut outcome)?;
    Ok(outcome)
}
