//! Line `layers`: the smallest work of each layer, by itself: pages that come to life and change, propagation,
//! checkpoints, restoring, replay, and a little of everything.
//!
//! The pieces are those of [`crate::suite`]; the divan bench `layers` repeats the same ones. Bars are the plan's own, in
//! units of time.
//!
//! Rows of memory and propagation are on a bus that keeps no log ("volatile"); rows of files are on a file system, and
//! wait for its syncs. Rows of a device are the line `gpu`'s: it measures kernels on whatever device there is.

mod files;
mod memory;

use anyhow::Result;

use crate::{Context, Line, Outcome};

inventory::submit! {
    Line {
        name: "layers",
        number: None,
        question: "what does the smallest work of each layer take?",
        faults: &[],
        run,
    }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    memory::rows(context, &mut outcome)?;
    files::rows(context, &mut outcome)?;
    outcome.note("allocation, updates and merging on a device: line `gpu` measures what there is of them");
    Ok(outcome)
}
