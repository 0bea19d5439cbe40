//! Line 3, `graph`: does a large graph stay free of cycles and in order, at what cost?
//!
//! - Edges: inserting with cycle refusal, checking, a search for cycles that trusts nothing, a chain as deep as the graph
//!   is large, on a small stack.
//! - Validation: the validator of a bus's graph over linked pages; nothing may be found.
//!
//! What waves over a graph cost is the line `waves`.

mod edges;
mod validation;

use anyhow::Result;

use crate::{Context, Line, Outcome};

inventory::submit! {
    Line {
        name: "graph",
        number: Some(3),
        question: "does a large graph stay in order, at what cost?",
        faults: &["open-chain", "slow-validation"],
        run,
    }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    edges::rows(context, &mut outcome)?;
    validation::rows(context, &mut outcome)?;
    Ok(outcome)
}
