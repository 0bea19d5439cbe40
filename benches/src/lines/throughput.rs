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
//!
//! Before each run as many bytes are written to another new file, which then goes. No log can be faster than what the
//! system takes for that, so it is told; and the run finds memory at hand for its log that the host of a virtual machine,
//! if it had taken it back, would have to find first: that takes ten times as long as all else.

mod fault;
mod report;

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::Result;
use mmsb::{Builder, Bus, CheckpointEvery, Durability};

use self::fault::Fault;
use crate::{
    Context, Line, Outcome,
    clock::{FLUSHER, named_time, thread_time},
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

/// What a delta takes in the log, rounded up.
const LOGGED_BYTES: usize = 48;
/// What a new file is written in.
const PIECE_BYTES: usize = 1 << 18;

/// What a run does.
struct Work<'w> {
    folder: &'w Path,
    deltas: usize,
    fault: Option<Fault>,
}

/// What one repeat took.
struct Repeat {
    limit: Duration,
    flusher: Duration,
    /// The processor time of writing as much as one thread's run will log to another new file.
    new_file: Duration,
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
    let work = Work { folder: folder.path(), deltas: context.size().pick(DELTAS), fault };
    measure(context, &mut outcome, &mut world, &work)?;
    world.verify_all()?;
    context.say("throughput: reading the log back");
    from_log(&mut world, &path)?;
    Ok(outcome)
}

fn measure(context: &Context, outcome: &mut Outcome, world: &mut World, work: &Work<'_>) -> Result<()> {
    let (mut repeats, mut lost) = (Vec::new(), None);
    // The first repeat finds cold caches, and buffers that have yet to grow.
    for _ in 0..=context.repeats() {
        let mut repeat = one(world, work)?;
        if lost.is_none() {
            lost = several(world, work, &mut repeat).err();
        }
        repeats.push(repeat);
    }
    report::figures(outcome, &repeats[1..], work.deltas)?;
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
fn one(world: &mut World, work: &Work<'_>) -> Result<Repeat> {
    let all = processors()?;
    pin_named(FLUSHER, if all.len() > 1 { &all[1..] } else { &all })?;
    let (new_file, flusher) = (new_file(work)?, named_time(FLUSHER)?);
    let one = together(world, &all[..1], work)?;
    let flusher = named_time(FLUSHER)? - flusher;
    // One thread's commits are in the order of the changes, so making these again leaves the model as it is.
    let limit = world.limit();
    let threads = vec![one.wall().saturating_sub(one.parts[0].queued)];
    Ok(Repeat { limit, flusher, new_file, threads, discarded: 0 })
}

/// Writes as much as a run will log to a new file, which then goes; returns what that took.
fn new_file(work: &Work<'_>) -> Result<Duration> {
    let (mut file, piece) = (tempfile::tempfile_in(work.folder)?, vec![1; PIECE_BYTES]);
    let start = thread_time();
    for _ in 0..(work.deltas * LOGGED_BYTES).div_ceil(PIECE_BYTES) {
        file.write_all(&piece)?;
    }
    Ok(thread_time() - start)
}

/// Runs of two threads, of three, and so on.
fn several(world: &mut World, work: &Work<'_>, repeat: &mut Repeat) -> Result<()> {
    let all = processors()?;
    pin_named(FLUSHER, &all)?;
    for count in 2..=all.len() {
        new_file(work)?;
        let (done, discarded) = verified(world, &all[..count], work)?;
        repeat.threads.push(done.wall());
        repeat.discarded += discarded;
    }
    Ok(())
}

/// Returns a run that was at once, and how many were thrown away before it.
fn verified(world: &mut World, processors: &[usize], work: &Work<'_>) -> Result<(Together, u32)> {
    if work.fault.is_some() {
        return Ok((together(world, processors, work)?, 0));
    }
    let (done, (), discarded) = Together::verified_crowded(|| Ok((together(world, processors, work)?, ())))?;
    Ok((done, discarded))
}

fn together(world: &mut World, processors: &[usize], work: &Work<'_>) -> Result<Together> {
    let commit = |bus: &Bus, changes: &[_]| fault::commit(work.fault, bus, changes);
    Crowd { processors, count: COUNT, commit: &commit, end: &World::settle }.run(world, work.deltas)
}
