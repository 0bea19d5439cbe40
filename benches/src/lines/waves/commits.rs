//! Rows of whole commits: the same shapes as derived pages of a bus, a wave in each commit, all of it in the log.
//!
//! Reported beside the waves, without a bar: locks, deltas, frames and checksums are in, and the log goes into a disk
//! that drops everything ("volatile").

use anyhow::Result;

use crate::{
    Context, Outcome, Sample, Unit,
    clock::Stopwatch,
    pin::{pinned, processors},
    suite::Sheet,
    waves::SHAPES,
};

const PAYLOADS: [(usize, &str); 2] = [(8, "8 B"), (1 << 10, "1 KiB")];
/// Pages that the commits of one repeat compute, at least.
const REPEAT_PAGES: usize = 40_000;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let processor = processors()?.first().copied().unwrap_or_default();
    for make in SHAPES {
        for (page_bytes, payload) in PAYLOADS {
            let shape = make();
            let name = format!("{}, {payload}, logged commits (volatile), a page", shape.name);
            context.say(format!("waves: {name}"));
            let (quick, repeats) = (context.quick(), context.repeats());
            let sample = pinned(processor, || measure(&mut Sheet::new(shape, page_bytes)?, quick, repeats))?;
            outcome.figure(name, Unit::Nanoseconds, sample);
        }
    }
    Ok(())
}

fn measure(sheet: &mut Sheet, quick: bool, repeats: usize) -> Result<Sample> {
    let rounds = (REPEAT_PAGES / if quick { 4 } else { 1 } / sheet.computed()).max(1);
    let commits = |sheet: &mut Sheet| (0..rounds).try_for_each(|_| sheet.commit());
    commits(sheet)?;
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let watch = Stopwatch::start();
        commits(sheet)?;
        times.push(watch.elapsed().as_secs_f64() * 1e9 / (rounds * sheet.computed()) as f64);
        sheet.verify()?;
    }
    Sample::of(times)
}
