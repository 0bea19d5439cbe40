//! Line `peers`: the same work in the hands of MMSB and of what a user would take instead.
//!
//! Everybody runs the same functions on the same random changes, in turns within each repeat; a figure is the median
//! of a repeat's ratios, above 1 where MMSB is ahead. What was done is read back and compared with a model. Losses
//! are told as the rest, and a note ranks everybody on each row.
//!
//! Durability is the same where peers have it: in memory, none; buffered, a crash of the process loses nothing, but for
//! redb, which has no such commit and keeps them to itself; synced, nothing is lost.

mod append;
mod contest;
mod copy;
mod recovery;
mod sparse;

use anyhow::Result;
use benches::{Context, Line, Outcome};

inventory::submit! {
    Line { name: "peers", number: None, question: "is it ahead of what one would take instead?", faults: &[], run }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    sparse::in_memory(context, &mut outcome)?;
    sparse::buffered(context, &mut outcome)?;
    sparse::synced(context, &mut outcome)?;
    append::row(context, &mut outcome)?;
    recovery::row(context, &mut outcome)?;
    copy::row(context, &mut outcome)?;
    Ok(outcome)
}
