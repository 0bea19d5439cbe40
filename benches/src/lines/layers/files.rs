//! Rows of checkpoints, restoring, replay, and the mixed workload, on the file system of the run's folder.

use std::time::Duration;

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
    // Where there are few pages, syncs are all of it: a time is told, for a speed says nothing.
    kept(context, outcome, FEW_PAGES, false)?;
    kept(context, outcome, context.size().pick(PAGES), true)?;
    replayed(context, outcome, FEW_COMMITS, false)?;
    replayed(context, outcome, context.size().pick(COMMITS), true)?;
    mixed_row(context, outcome)
}

/// Rows of a checkpoint, and of opening a bus from it.
fn kept(context: &Context, outcome: &mut Outcome, pages: usize, is_judged: bool) -> Result<()> {
    context.say(format!("layers: checkpoints of {pages} pages"));
    let (mut checkpoints, mut restores, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..long_repeats(context) {
        let folder = context.scratch()?;
        let mut filled = Filled::new(&folder.path().join("bus"), pages, context.random())?;
        let watch = Stopwatch::start();
        bytes = filled.checkpoint()?.file_bytes;
        checkpoints.push(watch.elapsed());
        filled.close()?;
        let watch = Stopwatch::start();
        let restored = filled.restore()?;
        restores.push(watch.elapsed());
        filled.verify(&restored)?;
    }
    figure(outcome, format!("checkpoint of {pages} pages"), &checkpoints, is_judged.then_some(bytes))?;
    if is_judged {
        outcome.bar(Must, AtLeast, 0.1);
    }
    figure(outcome, format!("restore of {pages} pages"), &restores, is_judged.then_some(bytes))
}

/// Adds a figure: a speed where the bytes are told, and else a time.
fn figure(outcome: &mut Outcome, name: String, times: &[Duration], bytes: Option<u64>) -> Result<()> {
    let seconds = times.iter().map(Duration::as_secs_f64);
    let (unit, values): (_, Vec<f64>) = match bytes {
        Some(bytes) => (Unit::GigabytesPerSecond, seconds.map(|took| bytes as f64 / took / 1e9).collect()),
        None => (Unit::Milliseconds, seconds.map(|took| took * 1e3).collect()),
    };
    outcome.figure(name, unit, Sample::of_long(values)?);
    Ok(())
}

/// Row of opening a bus from its log alone.
fn replayed(context: &Context, outcome: &mut Outcome, commits: usize, is_judged: bool) -> Result<()> {
    context.say(format!("layers: replay of {commits} epochs"));
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let mut logged = Logged::new(&path, REPLAYED_PAGES, commits, DELTAS, context.random())?;
    let mut times = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        let replayed = logged.replay()?;
        times.push(watch.elapsed());
        logged.verify(replayed)?;
    }
    let name = format!("replay of {commits} epochs, {} deltas", commits * DELTAS);
    figure(outcome, name, &times, is_judged.then_some(logged.bytes))?;
    if is_judged {
        outcome.bar(Must, AtLeast, 1.0);
    }
    Ok(())
}

fn mixed_row(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let (folder, mut random) = (context.scratch()?, context.random());
    let milliseconds = |took: Duration| took.as_secs_f64() * 1e3;
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
