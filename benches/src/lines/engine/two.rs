//! Rows of two threads: both commit at once, far apart and into each other's way.

use std::time::Duration;

use anyhow::Result;

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
    crowd::Crowd,
    pin::{pin_named, pinned, processors},
    together::{Together, unmeasured},
    world::{World, commit},
};

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
    let deltas = context.among([1 << 20, 1 << 18, 1 << 16]);
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

fn repeat(world: &mut World, pair: [usize; 2], count: usize, deltas: usize) -> Result<Repeat> {
    let (one, flusher) = single(world, count, deltas)?;
    pin_named(FLUSHER, &pair)?;
    let crowd = Crowd { processors: &pair, count, commit: &commit, end: &|_| Ok(()) };
    let (together, (), discarded) = Together::verified(|| Ok((crowd.run(world, deltas)?, ())))?;
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
