//! Line `waves`: what recomputing along dependencies costs, beside the least that anybody can do.
//!
//! Every timed piece is made in one thread that stays on one processor; time in which the machine ran somebody
//! else's is left out. What was computed is compared with the bare loop's pages, byte by byte.
//!
//! - Alone: every page of a shape is computed anew after a change of its source. A repeat takes the bare loop and the
//!   wave right after one another, and the median is one of ratios. No log: "propagation alone".
//! - Commits: the same shapes as derived pages of a bus, logged; reported beside the waves.
//! - Cutting off: the same change, whose followers stay the same, in a small graph and in a large one.
//! - Peers, if the runner was built with them, do the waves in the same repeats.

mod alone;
mod commits;
mod cutoff;

use anyhow::Result;

use crate::{Context, Line, Outcome};

inventory::submit! {
    Line {
        name: "waves",
        number: None,
        question: "what does recomputing along dependencies cost?",
        faults: &[],
        run,
    }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    alone::rows(context, &mut outcome)?;
    commits::rows(context, &mut outcome)?;
    cutoff::rows(context, &mut outcome)?;
    Ok(outcome)
}
