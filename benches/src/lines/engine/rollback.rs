//! Row of rewinding: taking a delta back, against having made it.
//!
//! Sixty ticks of a thousand deltas each are committed, then undone by one rewind, which is a commit like any
//! other; the pages must be those from before the ticks, that is, those of a shadow that never saw them.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb::RewindSource;

use super::{
    one::Way,
    setup::{SMALL, large, own_processor, title, volatile},
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    pin::pinned,
    world::World,
};

const TICKS: usize = 60;
const TICK_DELTAS: usize = 1000;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    for pages in [SMALL, large(context)] {
        let mut world = volatile(context, pages)?;
        let name = format!("rollback, {}", title(pages));
        context.say(format!("engine: {name}"));
        let repeats = context.repeats();
        let times = pinned(own_processor()?, || {
            repeat(&mut world)?;
            (0..repeats).map(|_| repeat(&mut world)).collect::<Result<Vec<_>>>()
        })?;
        world.verify_all()?;
        report(outcome, &name, &times)?;
    }
    Ok(())
}

fn report(outcome: &mut Outcome, name: &str, times: &[[Duration; 2]]) -> Result<()> {
    let each = |time: Duration| time.as_secs_f64() * 1e9 / (TICKS * TICK_DELTAS) as f64;
    let sample = |value: &dyn Fn(&[Duration; 2]) -> f64| Sample::of(times.iter().map(value).collect());
    outcome.figure(format!("{name}, a delta"), Unit::Nanoseconds, sample(&|[_, back]| each(*back))?);
    let ratio = sample(&|[made, back]| back.as_secs_f64() / made.as_secs_f64())?;
    outcome.figure(format!("{name}, to making it"), Unit::Limits, ratio);
    outcome.bar(Must, AtMost, 1.2).bar(Goal, AtMost, 1.0);
    Ok(())
}

/// Makes the ticks and takes them back; returns what each took.
fn repeat(world: &mut World) -> Result<[Duration; 2]> {
    world.renew(TICKS * TICK_DELTAS);
    world.settle()?;
    let before = world.bus.epoch();
    let watch = Stopwatch::start();
    Way::Commits(TICK_DELTAS).run(&world.bus, &world.changes)?;
    let made = watch.elapsed();
    world.settle()?;
    let watch = Stopwatch::start();
    let rewound = world.bus.rewind(before)?;
    let back = watch.elapsed();
    ensure!(rewound.source == RewindSource::Undo, "the bytes came from {:?}", rewound.source);
    ensure!(rewound.byte_count >= TICK_DELTAS * 32, "only {} bytes were put back", rewound.byte_count);
    world.verify()?;
    Ok([made, back])
}
