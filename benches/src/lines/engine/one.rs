//! Rows of one thread: a delta's way into the bus, against F.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb::Bus;

use super::setup::{SMALL, large, own_processor, title, to_file, volatile, without_undo};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::{FLUSHER, Stopwatch, named_time},
    pages::Change,
    pin::pinned,
    world::{World, commit},
};

/// How deltas become commits.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// Transactions of this many.
    Commits(usize),
    /// One by one, a thousand transactions handed over at once.
    Many,
    /// One by one, each written by itself.
    Alone,
}

/// A row: pages, way, and the ratios it must and should stay under.
struct Row {
    way: Way,
    must: f64,
    goal: f64,
}

/// What one repeat took, in nanoseconds a delta.
#[derive(Clone, Copy, Debug)]
struct Times {
    limit: f64,
    flusher: f64,
    bus: f64,
}

/// Transactions that are handed over at once.
const MANY: usize = 1024;

const LARGE_ROWS: [Row; 4] = [
    Row { way: Way::Commits(16), must: 2.2, goal: 1.8 },
    Row { way: Way::Commits(256), must: 2.2, goal: 1.8 },
    Row { way: Way::Many, must: 2.0, goal: 1.6 },
    Row { way: Way::Alone, must: 6.0, goal: 4.5 },
];
const SMALL_ROWS: [Row; 4] = [
    Row { way: Way::Commits(16), must: 2.2, goal: 1.8 },
    Row { way: Way::Commits(256), must: 1.8, goal: 1.5 },
    Row { way: Way::Many, must: 2.0, goal: 1.6 },
    Row { way: Way::Alone, must: 6.0, goal: 4.5 },
];

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    for (pages, rows) in [(large(context), &LARGE_ROWS), (SMALL, &SMALL_ROWS)] {
        let mut world = volatile(context, pages)?;
        rows.iter().try_for_each(|row| barred(context, outcome, &mut world, row))?;
        world.verify_all()?;
        drop(world);
        beside(context, outcome, without_undo(context, pages)?, rows, "no undo")?;
        let (world, _folder) = to_file(context, pages)?;
        beside(context, outcome, world, rows, "file")?;
    }
    Ok(())
}

/// Adds a row with its bars.
fn barred(
    context: &Context,
    outcome: &mut Outcome,
    world: &mut World,
    Row { way, must, goal }: &Row,
) -> Result<()> {
    let name = format!("{}, {}", title(world.pages()), way.title());
    let ratio = row(context, outcome, world, *way, &name)?;
    outcome.figure(format!("{name}, to F"), Unit::Limits, ratio);
    outcome.bar(Must, AtMost, *must).bar(Goal, AtMost, *goal);
    Ok(())
}

/// Adds figures of the same rows on another bus; they are shown, and decide nothing.
fn beside(
    context: &Context,
    outcome: &mut Outcome,
    mut world: World,
    rows: &[Row],
    what: &str,
) -> Result<()> {
    for Row { way, .. } in rows {
        let name = format!("{}, {}, {what}", title(world.pages()), way.title());
        let ratio = row(context, outcome, &mut world, *way, &name)?;
        outcome.figure(format!("{name}, to F"), Unit::Limits, ratio);
    }
    world.verify_all()
}

/// Measures a row and adds the bus's own time; returns its ratio to the limit.
fn row(context: &Context, outcome: &mut Outcome, world: &mut World, way: Way, name: &str) -> Result<Sample> {
    context.say(format!("engine: {name}"));
    let times = measure(context, world, way)?;
    let sample = |value: &dyn Fn(&Times) -> f64| Sample::of(times.iter().map(value).collect());
    outcome.figure(name, Unit::Nanoseconds, sample(&|times| times.bus)?);
    let (limit, flusher) = (sample(&|times| times.limit)?, sample(&|times| times.flusher.max(1e-3))?);
    let unpaid = sample(&|times| times.bus / times.limit)?.median;
    let (limit, flusher) = (limit.median, flusher.median);
    outcome
        .note(format!("{name}: F {limit:.1} ns, the flusher {flusher:.1} ns a delta; {unpaid:.2} F alone"));
    sample(&|times| times.bus / (times.limit + times.flusher))
}

fn measure(context: &Context, world: &mut World, way: Way) -> Result<Vec<Times>> {
    let count = context.among([1 << 19, 1 << 17, 1 << 15]);
    let repeats = context.repeats();
    pinned(own_processor()?, || {
        // The first repeat finds cold caches and buffers that have yet to grow.
        repeat(world, way, count)?;
        (0..repeats).map(|_| repeat(world, way, count)).collect()
    })
}

fn repeat(world: &mut World, way: Way, count: usize) -> Result<Times> {
    world.renew(count);
    world.settle()?;
    let limit = world.limit();
    let flusher = named_time(FLUSHER)?;
    let watch = Stopwatch::start();
    way.run(&world.bus, &world.changes)?;
    let bus = watch.elapsed();
    world.settle()?;
    let flusher = named_time(FLUSHER)? - flusher;
    world.verify()?;
    let each = |time: Duration| time.as_secs_f64() * 1e9 / count as f64;
    Ok(Times { limit: each(limit), flusher: each(flusher), bus: each(bus) })
}

impl Way {
    /// Commits all changes.
    pub fn run(self, bus: &Bus, changes: &[Change]) -> Result<()> {
        match self {
            Self::Commits(count) => changes.chunks(count).try_for_each(|chunk| commit(bus, chunk).map(drop)),
            Self::Many => changes.chunks(MANY).try_for_each(|chunk| commit_many(bus, chunk)),
            Self::Alone => changes.iter().try_for_each(|change| {
                bus.write(change.page, change.offset, change.bytes)?;
                Ok(())
            }),
        }
    }

    fn title(self) -> String {
        match self {
            Self::Commits(count) => format!("n = {count}"),
            Self::Many => "n = 1 of many".to_owned(),
            Self::Alone => "n = 1 alone".to_owned(),
        }
    }
}

/// Makes each change in a transaction of its own, all of them in one call.
fn commit_many(bus: &Bus, changes: &[Change]) -> Result<()> {
    let mut refused = None;
    let transactions = changes.iter().map_while(|change| {
        let mut tx = bus.begin();
        refused = tx.write(change.page, change.offset, change.bytes).err();
        refused.is_none().then_some(tx)
    });
    let committed = bus.commit_many(transactions)?;
    ensure!(committed.len() == changes.len(), "only {} changes: {refused:?}", committed.len());
    Ok(())
}
