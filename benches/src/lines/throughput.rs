//! Line 5, `throughput`: how many random deltas a second go through the bus into its log, by one thread and by more.
//!
//! Deltas of 32 random bytes for random places of a million random pages of 1 KiB, new ones in every run, in commits of
//! 256, on a bus in a file as built by default but for checkpoints, which it never makes. Commits do not wait for the
//! file ("buffered"), but the clock does: it stops when the kernel has every byte of the log. Transactions are built
//! inside it.
//!
//! Every run's pages are compared with a model that makes the commits in the order of their epochs; at the end all of
//! them are, and once more after the bus was opened from its log alone.
//!
//! Time in which the one thread had no processor is left out; runs of several count only if they verifiably were at
//! once ([`crate::together`]). The log's own thread has another processor beside the one thread. Where all processors are
//! at work it takes its time from them, so there a wait for a processor is in the time that is told.

mod fault;
mod report;

use std::{path::Path, time::Duration};

use anyhow::Result;
use mmsb::{Builder, Bus, CheckpointEvery, Durability};

use self::fault::Fault;
use crate::{
    Context, Line, Outcome,
    clock::{FLUSHER, named_time},
    crowd::Crowd,
    pin::{pin_named, processors},
    together::{Together, unmeasured},
    world::World,
};

inventory::submit! {
    Line {
        name: "throughput",
        number: Some(5),
        question: "how many logged deltas a second does the bus take?",
        faults: fault::NAMES,
        run,
    }
}

const COUNT: usize = 256;
const PAGES: [usize; 3] = [1_000_000, 65_536, 1000];
/// Deltas of a run.
const DELTAS: [usize; 3] = [1 << 20, 1 << 18, 1 << 14];

/// What one repeat took.
struct Repeat {
    limit: Duration,
    flusher: Duration,
    /// By one thread, by two, and so on.
    threads: Vec<Duration>,
    discarded: u32,
}

fn run(context: &mut Context) -> Result<Outcome> {
    let (folder, pages) = (context.scratch()?, context.size().pick(PAGES));
    let (path, fault) = (folder.path().join("bus"), Fault::of(context));
    context.say(format!("throughput: filling {pages} pages"));
    let mut world = World::new(fault::bus(fault, builder(), &path)?, pages, context.random())?;
    context.say("throughput");
    let mut outcome = Outcome::default();
    measure(context, &mut outcome, &mut world, fault)?;
    world.verify_all()?;
    context.say("throughput: reading the log back");
    from_log(&mut world, &path)?;
    Ok(outcome)
}

fn measure(context: &Context, outcome: &mut Outcome, world: &mut World, fault: Option<Fault>) -> Result<()> {
    let (deltas, mut lost) = (context.size().pick(DELTAS), None);
    let mut repeats = Vec::new();
    // The first repeat finds cold caches, and buffers that have yet to grow.
    for _ in 0..=context.repeats() {
        let mut repeat = one(world, deltas, fault)?;
        if lost.is_none() {
            lost = several(world, deltas, fault, &mut repeat).err();
        }
        repeats.push(repeat);
    }
    report::figures(outcome, &repeats[1..], deltas)?;
    lost.map_or(Ok(()), |error| unmeasured(context, outcome, "several threads", error))
}

fn builder() -> Builder {
    let builder = Bus::builder().durability(Durability::Volatile);
    builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// Compares every page with what the log makes of it.
fn from_log(world: &mut World, path: &Path) -> Result<()> {
    // Any bus but the written one: that has to be closed.
    std::mem::replace(&mut world.bus, Bus::builder().volatile()?).stop()?;
    world.bus = Bus::open_read_only(path)?;
    world.verify_all()
}

/// One thread's run, and the limit beside it.
fn one(world: &mut World, deltas: usize, fault: Option<Fault>) -> Result<Repeat> {
    let all = processors()?;
    pin_named(FLUSHER, if all.len() > 1 { &all[1..] } else { &all })?;
    let flusher = named_time(FLUSHER)?;
    let one = together(world, &all[..1], deltas, fault)?;
    let flusher = named_time(FLUSHER)? - flusher;
    // One thread's commits are in the order of the changes, so making these again leaves the model as it is.
    let limit = world.limit();
    let threads = vec![one.wall().saturating_sub(one.parts[0].queued)];
    Ok(Repeat { limit, flusher, threads, discarded: 0 })
}

/// Runs of two threads, of three, and so on.
fn several(world: &mut World, deltas: usize, fault: Option<Fault>, repeat: &mut Repeat) -> Result<()> {
    let all = processors()?;
    pin_named(FLUSHER, &all)?;
    for count in 2..=all.len() {
        let (done, discarded) = verified(world, &all[..count], deltas, fault)?;
        repeat.threads.push(done.wall());
        repeat.discarded += discarded;
    }
    Ok(())
}

/// Returns a run that was at once, and how many were thrown away before it.
fn verified(
    world: &mut World,
    processors: &[usize],
    deltas: usize,
    fault: Option<Fault>,
) -> Result<(Together, u32)> {
    if fault.is_some() {
        return Ok((together(world, processors, deltas, fault)?, 0));
    }
    let (done, (), discarded) =
        Together::verified_crowded(|| Ok((together(world, processors, deltas, None)?, ())))?;
    Ok((done, discarded))
}

fn together(
    world: &mut World,
    processors: &[usize],
    deltas: usize,
    fault: Option<Fault>,
) -> Result<Together> {
    let commit = |bus: &Bus, changes: &[_]| fault::commit(fault, bus, changes);
    Crowd { processors, count: COUNT, commit: &commit, end: &World::settle }.run(world, deltas)
}
