//! Rows of single pages: a torn-free read against a copy, and finding what changed against reading memory.
//!
//! What is measured, and how it is checked, is that of the lines `read` and `diff`; here a thread of its own
//! processor does it, and the goals decide.

use anyhow::Result;

use super::setup::own_processor;
use crate::{
    BarKind::{Goal, Must},
    Context, LimitKind,
    Op::AtLeast,
    Outcome, Unit,
    lines::{diff, read},
    pin::pinned,
};

/// How many times the time of a copy a read may and should take.
const READ: (f64, f64) = (3.2, 2.5);
/// Percent of bytes changed; the speed that must and should be reached, to that of reading memory in bulk.
const DIFF: [(usize, f64, f64); 4] = [(0, 1.2, 1.6), (1, 0.7, 0.9), (50, 0.5, 0.6), (100, 1.0, 1.2)];

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let own = own_processor()?;
    read_row(context, outcome, own)?;
    for (percent, must, goal) in DIFF {
        context.say("engine: a diff");
        let sample = pinned(own, || diff::measure(context, percent))?;
        outcome
            .figure(format!("diff, 1 KiB, {percent} % changed"), Unit::GigabytesPerSecond, sample)
            .ratio(Must, AtLeast, must, LimitKind::ReadDram)
            .ratio(Goal, AtLeast, goal, LimitKind::ReadDram);
    }
    Ok(())
}

fn read_row(context: &Context, outcome: &mut Outcome, own: usize) -> Result<()> {
    context.say("engine: a read");
    let hot = pinned(own, || read::measure(context, read::HOT_PAGES))?;
    let copy = LimitKind::CopyCached { bytes: 1 << 10 };
    let (most, least) = READ;
    outcome
        .figure("read, 1 KiB, hot", Unit::GigabytesPerSecond, hot)
        .ratio(Must, AtLeast, 1.0 / most, copy)
        .ratio(Goal, AtLeast, 1.0 / least, copy);
    Ok(())
}
