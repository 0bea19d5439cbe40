//! Rows of checkpoints, restoring, replay, and the mixed workload, on the file system of the run's folder.

use anyhow::Result;

use crate::{
    BarKind::Must,
    Context,
    Op::AtLeast,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    suite::{Filled, Logged, mixed},
};

/// Pages that are kept and come back.
const PAGES: [usize; 3] = [1_000_000, 65_536, 500];
const FEW_PAGES: usize = 100;
/// Commits that are replayed.
const COMMITS: [usize; 3] = [39_063, 3907, 200];
const FEW_COMMITS: usize = 100;
/// Deltas of such a commit, and pages that they are for.
const DELTAS: usize = 256;
const REPLAYED_PAGES: usize = 10_000;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    // Where there are few pages, syncs are all of it, and a speed says nothing.
    kept(context, outcome, FEW_PAGES, false)?;
    kept(context, outcome, context.size().pick(PAGES), true)?;
    replayed(context, outcome, FEW_COMMITS, false)?;
    replayed(context, outcome, context.size().pick(COMMITS), true)?;
    mixed_row(context, outcome)
}

/// Rows of a checkpoint, and of opening a bus from it.
fn kept(context: &Context, outcome: &mut Outcome, pages: usize, is_judged: bool) -> Result<()> {
    context.say(format!("layers: checkpoints of {pages} pages"));
    let (mut checkpoints, mut restores) = (Vec::new(), Vec::new());
    for _ in 0..long_repeats(context) {
        let folder = context.scratch()?;
        let mut filled = Filled::new(&folder.path().join("bus"), pages, context.random())?;
        let watch = Stopwatch::start();
        let made = filled.checkpoint()?;
        checkpoints.push(made.file_bytes as f64 / watch.elapsed().as_secs_f64() / 1e9);
        filled.close()?;
        let watch = Stopwatch::start();
        let restored = filled.restore()?;
        restores.push(made.file_bytes as f64 / watch.elapsed().as_secs_f64() / 1e9);
        filled.verify(&restored)?;
    }
    let name = format!("checkpoint of {pages} pages");
    outcome.figure(name, Unit::GigabytesPerSecond, Sample::of_long(checkpoints)?);
    if is_judged {
        outcome.bar(Must, AtLeast, 0.1).needs_quiet();
    }
    let name = format!("restore of {pages} pages");
    outcome.figure(name, Unit::GigabytesPerSecond, Sample::of_long(restores)?);
    Ok(())
}

/// Row of opening a bus from its log alone.
fn replayed(context: &Context, outcome: &mut Outcome, commits: usize, is_judged: bool) -> Result<()> {
    context.say(format!("layers: replay of {commits} epochs"));
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let mut logged = Logged::new(&path, REPLAYED_PAGES, commits, DELTAS, context.random())?;
    let mut speeds = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        let replayed = logged.replay()?;
        speeds.push(logged.bytes as f64 / watch.elapsed().as_secs_f64() / 1e9);
        logged.verify(replayed)?;
    }
    let name = format!("replay of {commits} epochs, {} deltas", commits * DELTAS);
    outcome.figure(name, Unit::GigabytesPerSecond, Sample::of(speeds)?);
    if is_judged {
        outcome.bar(Must, AtLeast, 1.0).needs_quiet();
    }
    Ok(())
}

fn mixed_row(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let (folder, mut random) = (context.scratch()?, context.random());
    let milliseconds = |took: std::time::Duration| took.as_secs_f64() * 1e3;
    let work = || mixed(&folder.path().join("bus"), &mut random);
    let sample = Sample::timed(context.repeats(), milliseconds, work)?;
    let name = "mixed: 50 pages, 10 edges, 200 updates, 1 checkpoint";
    outcome.figure(name, Unit::Milliseconds, sample);
    Ok(())
}

/// Returns how often something long is repeated.
fn long_repeats(context: &Context) -> usize {
    if context.quick() { context.repeats() } else { crate::LONG_REPEATS_MIN }
}
