//! Line 6, `tick`: how long one frame of a loop takes, the slowest of a hundred.
//!
//! A bus in a file, as built by default, with random pages of 1 KiB and 10,000 pages of 64 bytes that are computed in ten
//! layers of 1,000, each from two random pages of the layer before, the first layer from pages of 1 KiB. A tick is
//! [`Bus::ticks`](mmsb::Bus::ticks) once: 20,000 random deltas of 32 bytes, one of them for each page that the first layer
//! is computed from, so that all 10,000 are computed anew; the commit; the log in the kernel's hands; the bus's figures.
//! The deltas are there before; putting them into the transaction is inside the clock.
//!
//! Judged is the 99th percentile of a window of ticks, once by the wall, and once without the time in which the thread
//! had no processor. A second round, which has a goal only, has a mirror of all pages that is brought up to every tick;
//! the report names the engine that it is on.
//!
//! Every tick is checked: all 10,000 pages were computed, and some of the pages it changed are what a model makes of them.
//! At the end of a round all are, and a mirror verifies itself.

mod model;
mod windows;

use anyhow::{Result, ensure};
use mmsb::{Bus, Durability, Gpu, Mirror, PageFilter, TickReport, Ticks};

use self::{model::Model, windows::Windows};
use crate::{
    BarKind::{self, Goal, Must},
    Context, Line,
    Op::AtMost,
    Outcome, Unit,
};

inventory::submit! {
    Line {
        name: "tick",
        number: Some(6),
        question: "does a frame with 20,000 deltas and 10,000 computed pages fit in 16 ms?",
        faults: &["dropped-delta", "stale-page", "slow-tick"],
        run,
    }
}

/// Pages of 1 KiB, deltas of a tick, computed pages of a layer.
const SIZES: [[usize; 3]; 3] = [[100_000, 20_000, 1000], [100_000, 20_000, 1000], [1000, 400, 20]];
/// Ticks of a window.
const WINDOW: [usize; 3] = [200, 30, 10];
/// Milliseconds.
const MUST: f64 = 16.0;
const GOAL: f64 = 4.0;
const GOAL_MIRRORED: f64 = 8.0;

fn run(context: &mut Context) -> Result<Outcome> {
    let folder = context.scratch()?;
    context.say("tick: filling");
    let bus = Bus::create(folder.path().join("bus"))?;
    let mut model = Model::new(context, bus.clone(), context.size().pick(SIZES))?;
    let mut outcome = Outcome::default();
    let ticks = bus.ticks().durability(Durability::Written).labels_from(1).stats(true);
    round(context, &mut outcome, &mut model, ticks, "tick", &[(Must, MUST), (Goal, GOAL)])?;
    let mirror = bus.mirror(PageFilter::all()).on(engine()).start()?;
    let ticks = bus.ticks().durability(Durability::Written).stats(true).mirror(&mirror);
    round(context, &mut outcome, &mut model, ticks, "tick with a mirror", &[(Goal, GOAL_MIRRORED)])?;
    outcome.note(mirror_note(&mirror)?);
    Ok(outcome)
}

/// Without the feature, `auto` is refused where `MMSB_GPU` requires a device.
fn engine() -> Gpu {
    if cfg!(feature = "gpu") { Gpu::auto() } else { Gpu::host() }
}

fn mirror_note(mirror: &Mirror) -> Result<String> {
    let verified = mirror.verify()?;
    ensure!(verified.is_equal(), "the mirror is not what the bus holds");
    Ok(format!("the mirror is on: {}", mirror.status().device))
}

/// Runs the ticks of all windows, and adds their figures.
fn round(
    context: &Context,
    outcome: &mut Outcome,
    model: &mut Model,
    mut ticks: Ticks<'_>,
    name: &str,
    bars: &[(BarKind, f64)],
) -> Result<()> {
    let mut windows = Windows::new(context.size().pick(WINDOW));
    // The first window finds cold caches, and is not noted.
    for window in 0..=context.repeats() {
        context.say(format!("{name}, window {window}"));
        for _ in 0..windows.ticks() {
            let (report, took) = model.tick(&mut ticks)?;
            check(model, &report)?;
            windows.note(&report, took);
        }
        windows.close(window > 0);
    }
    model.verify_all()?;
    outcome.figure(format!("{name}, p99"), Unit::Milliseconds, windows.sample(0)?);
    bar(outcome, bars);
    outcome.figure(format!("{name}, p99 by the wall"), Unit::Milliseconds, windows.sample(1)?);
    bar(outcome, bars);
    outcome.note(format!("{name}: {}", windows.parts()));
    Ok(())
}

fn bar(outcome: &mut Outcome, bars: &[(BarKind, f64)]) {
    bars.iter().for_each(|&(kind, most)| _ = outcome.bar(kind, AtMost, most));
}

fn check(model: &Model, report: &TickReport) -> Result<()> {
    let (computed, expected) = (report.computed_count, model.computed());
    ensure!(computed == expected, "a tick computed {computed} pages, not {expected}");
    ensure!(report.failures.is_empty(), "behind a tick: {report}");
    ensure!(report.reached >= Durability::Written, "a tick's log is not in the kernel's hands");
    let stats = report.stats.as_ref();
    ensure!(stats.is_some_and(|stats| stats.epoch >= report.epoch), "a tick's figures are older than it");
    Ok(())
}
