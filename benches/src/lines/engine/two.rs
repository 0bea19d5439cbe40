//! Rows of two threads: both commit at once, far apart and into each other's way.
//!
//! The commits are handed out to whoever asks next, so both threads end together. Each commit's epoch is kept:
//! afterwards the shadow makes the commits in the order of their epochs, and must come to the same pages.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Result, ensure};

use super::{
    one::Way,
    setup::{SMALL, large, own_processor, title, volatile},
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtLeast,
    Outcome, Sample, Unit,
    clock::{FLUSHER, Stopwatch, named_time},
    pages::Change,
    pin::{pin_named, pinned, processors},
    shadow::Shadow,
    together::{NotAtOnce, Together},
    world::{World, commit},
};

/// Commits that a thread takes at a time.
const TAKEN: usize = 16;

/// What one repeat came to.
struct Repeat {
    /// Time of one thread and of the flusher beside it, and of two threads, in seconds.
    one: Duration,
    flusher: Duration,
    two: Duration,
    discarded: u32,
}

/// Adds the rows; where there is but one processor, a note.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let Some(&pair) = processors()?.first_chunk::<2>() else {
        outcome.note("one processor: nothing can run at once, the rows of two threads are not measured");
        return Ok(());
    };
    let mut world = volatile(context, large(context))?;
    for count in [16, 256] {
        let name = format!("2 threads / 1, {}, n = {count}", title(large(context)));
        if row(context, outcome, &mut world, pair, count, &name)? {
            outcome.bar(Must, AtLeast, 1.85).bar(Goal, AtLeast, 1.95);
        }
    }
    world.verify_all()?;
    drop(world);
    let mut world = volatile(context, SMALL)?;
    let name = format!("2 threads / 1, {}, n = 256", title(SMALL));
    if row(context, outcome, &mut world, pair, 256, &name)? {
        outcome.always(Must, AtLeast, 1.0).bar(Goal, AtLeast, 1.3);
    }
    world.verify_all()
}

/// Measures a row and adds its figures, the one that is judged last; `false` if no run counts.
fn row(
    context: &Context,
    outcome: &mut Outcome,
    world: &mut World,
    pair: [usize; 2],
    count: usize,
    name: &str,
) -> Result<bool> {
    context.say(format!("engine: {name}"));
    let deltas = if context.quick() { 1 << 18 } else { 1 << 20 };
    match (0..=context.repeats()).map(|_| repeat(world, pair, count, deltas)).collect::<Result<Vec<_>>>() {
        Err(error) => unmeasured(context, outcome, name, error).map(|()| false),
        Ok(repeats) => report(outcome, name, &repeats).map(|()| true),
    }
}

fn report(outcome: &mut Outcome, name: &str, repeats: &[Repeat]) -> Result<()> {
    let sample = |value: &dyn Fn(&Repeat) -> f64| Sample::of(repeats.iter().skip(1).map(value).collect());
    let ratio = |one: Duration, two: Duration| one.as_secs_f64() / two.as_secs_f64();
    let bare = sample(&|repeat| ratio(repeat.one, repeat.two))?;
    let charged = sample(&|repeat| ratio(repeat.one + repeat.flusher, repeat.two))?;
    outcome.figure(format!("{name}, flusher unpaid"), Unit::Times, bare);
    outcome.figure(name, Unit::Times, charged);
    let discarded: u32 = repeats.iter().map(|repeat| repeat.discarded).sum();
    outcome.note(format!("{name}: {discarded} runs were thrown away, {} count", repeats.len()));
    Ok(())
}

/// Tells that no run of a row of two threads counts: the line's failure, but not on a machine that does other work
/// beside. Any other error, a wrong page above all, is always the line's.
pub fn unmeasured(context: &Context, outcome: &mut Outcome, name: &str, error: anyhow::Error) -> Result<()> {
    let why = error.downcast::<NotAtOnce>()?;
    let text = format!("{name}: not measured: {why}");
    if context.lenient() {
        outcome.note(text)
    } else {
        outcome.failure(text)
    };
    Ok(())
}

fn repeat(world: &mut World, pair: [usize; 2], count: usize, deltas: usize) -> Result<Repeat> {
    let (one, flusher) = single(world, count, deltas)?;
    pin_named(FLUSHER, &pair)?;
    let (together, (), discarded) = Together::verified(|| Ok((double(world, pair, count, deltas)?, ())))?;
    Ok(Repeat { one, flusher, two: together.wall(), discarded })
}

fn single(world: &mut World, count: usize, deltas: usize) -> Result<(Duration, Duration)> {
    world.renew(deltas);
    world.settle()?;
    let times = pinned(own_processor()?, || {
        let flusher = named_time(FLUSHER)?;
        let watch = Stopwatch::start();
        Way::Commits(count).run(&world.bus, &world.changes)?;
        let one = watch.elapsed();
        world.settle()?;
        Ok((one, named_time(FLUSHER)? - flusher))
    })?;
    world.shadow.apply(&world.changes);
    world.verify()?;
    Ok(times)
}

/// One run of two threads, its outcome compared with the commits in the order of their epochs.
fn double(world: &mut World, pair: [usize; 2], count: usize, deltas: usize) -> Result<Together> {
    world.renew(deltas);
    world.settle()?;
    let before = world.bus.epoch().get();
    let chunks: Vec<_> = world.changes.chunks(count).collect();
    let epochs: Vec<AtomicU64> = chunks.iter().map(|_| AtomicU64::new(0)).collect();
    let next = AtomicUsize::new(0);
    let together = Together::run(pair, |_| {
        loop {
            let first = next.fetch_add(TAKEN, Ordering::Relaxed);
            if first >= chunks.len() {
                return Ok(());
            }
            for index in first..(first + TAKEN).min(chunks.len()) {
                epochs[index].store(commit(&world.bus, chunks[index])?.get(), Ordering::Relaxed);
            }
        }
    })?;
    let mut order: Vec<_> = epochs.into_iter().map(AtomicU64::into_inner).zip(chunks).collect();
    apply_in_order(&mut world.shadow, before, &mut order)?;
    world.settle()?;
    world.verify()?;
    Ok(together)
}

/// Brings the model to where the commits are, whose epochs are to be all those behind `before`.
fn apply_in_order(shadow: &mut Shadow, before: u64, commits: &mut [(u64, &[Change])]) -> Result<()> {
    commits.sort_unstable_by_key(|(epoch, _)| *epoch);
    for (expected, (epoch, chunk)) in (before + 1..).zip(commits) {
        ensure!(*epoch == expected, "a commit made e{epoch}, where e{expected} was to come");
        shadow.apply(chunk);
    }
    Ok(())
}
