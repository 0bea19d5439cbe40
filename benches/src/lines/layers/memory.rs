//! Rows of pages and of propagation, on a bus that keeps no log.

use anyhow::Result;

use crate::{
    BarKind::{self, Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    suite::{Allocation, Sheet, Updates},
    waves::{SHAPES, hop},
};

/// Length of a page, how it is called, how many a commit creates, and what a miss of the bar means: a page is born with
/// zeros, and to write a mebibyte of them takes memory longer than the bar allows.
const ALLOCATIONS: [(usize, &str, usize, BarKind); 2] =
    [(1 << 10, "1 KiB", 256, Must), (1 << 20, "1 MiB", 32, Goal)];
/// Percent changed, how that is called, and the bar.
const UPDATES: [(usize, &str, f64); 2] = [(1, "sparse", 50.0), (100, "dense", 500.0)];
/// Captures of one repeat.
const CAPTURES: usize = 2000;
/// Pages that the commits of one repeat compute, about.
const COMPUTED: usize = 10_000;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    for (page_bytes, name, count, kind) in ALLOCATIONS {
        let sample = allocation(context, Allocation::new(page_bytes, count)?, count)?;
        outcome.figure(format!("page allocation, {name}, volatile"), Unit::Microseconds, sample);
        outcome.bar(kind, AtMost, 1.0);
    }
    for (percent, name, bar) in UPDATES {
        let mut updates = Updates::new(&mut context.random(), percent)?;
        let each = |took: std::time::Duration| took.as_secs_f64() * 1e6 / CAPTURES as f64;
        let work = || (0..CAPTURES).try_for_each(|_| updates.capture());
        let sample = Sample::timed(context.repeats(), each, work)?;
        updates.verify()?;
        outcome.figure(format!("{name} update of 1 KiB, {percent} %, volatile"), Unit::Microseconds, sample);
        outcome.bar(Must, AtMost, bar);
    }
    for make in [hop, SHAPES[0], SHAPES[1], SHAPES[3], SHAPES[4]] {
        propagation(context, outcome, Sheet::new(make(), 8)?, make().name)?;
    }
    Ok(())
}

/// Returns what a page takes, in microseconds; that the pages go again is outside the clock.
fn allocation(context: &Context, mut allocation: Allocation, count: usize) -> Result<Sample> {
    let mut times = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        allocation.create()?;
        times.push(watch.elapsed().as_secs_f64() * 1e6 / count as f64);
        allocation.delete()?;
    }
    Sample::of(times)
}

fn propagation(context: &Context, outcome: &mut Outcome, mut sheet: Sheet, name: &str) -> Result<()> {
    let commits = (COMPUTED / sheet.computed()).max(1);
    let each = |took: std::time::Duration| took.as_secs_f64() * 1e6 / commits as f64;
    let sample = Sample::timed(context.repeats(), each, || (0..commits).try_for_each(|_| sheet.commit()))?;
    sheet.verify()?;
    outcome.figure(format!("propagation, {name}, volatile, a commit"), Unit::Microseconds, sample);
    if sheet.computed() == 1 {
        outcome.bar(Must, AtMost, 10.0);
    }
    Ok(())
}
