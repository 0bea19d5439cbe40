//! Rows of a checkpoint beside a writer that commits as fast as it can: 16 random deltas a commit, unsynced.
//!
//! The limit is writing and syncing a new file beside a raw writer that writes as many bytes a second to a file of its
//! own as the log took, synced every 4 MiB as the log is. What the writer keeps of its speed is told against what it
//! does alone, right before, for seconds: long enough that the log meets its disk.
//!
//! The writer has its processor; a checkpoint's threads, and the log's, go wherever the system lets them. A run counts
//! only if both sides were at work at once, and the machine did little beside; see [`super::at_once`].

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Checkpointed};
use mmsb_types::PageId;

use super::{
    at_once::{AtOnce, verified},
    bus::{builder, filled, long_repeats, pages, sync, verify_chain},
    disk,
    raw::{Raw, remove},
};
use crate::{
    BarKind::Must,
    Context,
    Op::AtLeast,
    Outcome, Sample, Unit,
    pages::CHANGED_PAGE_BYTES,
    pin::{pinned, processors},
    together::NotAtOnce,
    world::{World, commit},
};

const COUNT: usize = 16;
const ALONE: [Duration; 2] = [Duration::from_secs(4), Duration::from_millis(500)];
/// The writer ends by then, should the checkpoint never do.
const WRITE_MAX: Duration = Duration::from_secs(600);
/// Changes that are made over and over.
const CHANGES: usize = 1 << 20;

/// What one repeat came to.
struct Repeat {
    /// Bytes a second of the checkpoint.
    checkpoint: f64,
    /// Bytes a second of the raw file.
    limit: f64,
    /// Deltas a second of the writer beside the checkpoint, and alone.
    beside: f64,
    alone: f64,
    /// Bytes a second of the log, and of what stood for it.
    log: [f64; 2],
    discarded: u32,
}

/// What the writer did.
struct Wrote {
    deltas: usize,
    log_bytes: u64,
}

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let name = format!("checkpoint of {} pages beside a writer", pages(context));
    let Some(&[_, own]) = processors()?.first_chunk::<2>() else {
        outcome.note(format!("{name}: not measured: there is one processor"));
        return Ok(outcome);
    };
    // A checkpoint, and twice as much log, each repeat; and two raw files.
    let bytes = (pages(context) * CHANGED_PAGE_BYTES) as u64;
    disk::need(context, bytes * (3 * long_repeats(context) as u64 + 3))?;
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let mut world = filled(context, builder(), &path)?;
    let raw = Raw::new(context);
    let raws = ["raw", "raw log"].map(|name| folder.path().join(name));
    let alone = ALONE[usize::from(context.quick())];
    let repeats = (1..=long_repeats(context)).map(|round| {
        context.say(format!("durability: {name}, {round} of {}", long_repeats(context)));
        repeat(context, &mut world, own, alone, (&raw, &raws))
    });
    match repeats.collect::<Result<Vec<_>>>() {
        Ok(repeats) => report(&mut outcome, &name, &repeats)?,
        Err(error) => {
            let text = format!("{name}: not measured: {}", error.downcast::<NotAtOnce>()?);
            if context.lenient() {
                outcome.note(text)
            } else {
                outcome.failure(text)
            };
        }
    }
    let files = verify_chain(&path)?;
    world.bus = Bus::open_read_only(&path)?;
    world.verify_all()?;
    outcome
        .note(format!("{name}: opened from {files} checkpoints and the log behind them, all is the model's"));
    Ok(outcome)
}

fn report(outcome: &mut Outcome, name: &str, repeats: &[Repeat]) -> Result<()> {
    let sample = |value: &dyn Fn(&Repeat) -> f64| Sample::of_long(repeats.iter().map(value).collect());
    outcome.figure(name, Unit::GigabytesPerSecond, sample(&|repeat| repeat.checkpoint / 1e9)?);
    let ratio = sample(&|repeat| repeat.checkpoint / repeat.limit)?;
    outcome.figure(format!("{name}, to raw beside raw"), Unit::Times, ratio).bar(Must, AtLeast, 0.3);
    let kept = sample(&|repeat| repeat.beside / repeat.alone)?;
    outcome.figure("writer beside a checkpoint, to alone", Unit::Times, kept);
    outcome.bar(Must, AtLeast, 1.0 / 1.7);
    let median = |value: &dyn Fn(&Repeat) -> f64| sample(value).map(|sample| sample.median);
    let discarded: u32 = repeats.iter().map(|repeat| repeat.discarded).sum();
    outcome.note(format!(
        "{name}: {} repeats, {discarded} thrown away; raw beside raw {:.2} GB/s, its writer {:.3} GB/s, the log {:.3}",
        repeats.len(),
        median(&|repeat| repeat.limit / 1e9)?,
        median(&|repeat| repeat.log[1] / 1e9)?,
        median(&|repeat| repeat.log[0] / 1e9)?,
    ));
    outcome.note(format!(
        "writer: {:.2} M deltas/s beside, {:.2} alone",
        median(&|repeat| repeat.beside / 1e6)?,
        median(&|repeat| repeat.alone / 1e6)?
    ));
    Ok(())
}

fn repeat(
    context: &Context,
    world: &mut World,
    own: usize,
    alone: Duration,
    (raw, raws): (&Raw, &[PathBuf; 2]),
) -> Result<Repeat> {
    world.renew(CHANGES);
    let start = Instant::now();
    let wrote = pinned(own, || write(world, &AtomicBool::new(false), alone))?;
    let alone = wrote.deltas as f64 / start.elapsed().as_secs_f64();
    world.replay(&wrote);
    let (run, (made, wrote), first) = verified(|| beside(context, world, own))?;
    let log = wrote.log_bytes as f64 / run.writer();
    let (limit, raw_log, second) = verified(|| raw_beside_raw(own, raw, raws, (made.file_bytes, log)))?;
    Ok(Repeat {
        checkpoint: made.file_bytes as f64 / run.file(),
        limit: made.file_bytes as f64 / limit.file(),
        beside: wrote.deltas as f64 / run.writer(),
        alone,
        log: [log, raw_log as f64 / limit.writer()],
        discarded: first + second,
    })
}

/// Changes every page, so that the checkpoint holds them all, whether it builds on another or not.
fn touch(world: &mut World) -> Result<()> {
    world.renew(world.pages());
    world.changes.iter_mut().zip(1..).for_each(|(change, page)| change.page = PageId::new(page));
    world.changes.chunks(COUNT).try_for_each(|chunk| commit(&world.bus, chunk).map(drop))?;
    world.shadow.apply(&world.changes);
    sync(&world.bus)
}

/// Makes a checkpoint and writes, at once.
fn beside(context: &Context, world: &mut World, own: usize) -> Result<(AtOnce, (Checkpointed, Wrote))> {
    // Runs that do not count leave files, too.
    disk::need(context, 4 * (world.pages() * CHANGED_PAGE_BYTES) as u64)?;
    let changes = std::mem::take(&mut world.changes);
    touch(world)?;
    world.changes = changes;
    let is_done = AtomicBool::new(false);
    let checkpoint = || {
        let made = world.bus.checkpoint();
        is_done.store(true, Ordering::Relaxed);
        Ok(made?)
    };
    let (run, made, wrote) = AtOnce::run(own, checkpoint, || write(world, &is_done, WRITE_MAX))?;
    world.replay(&wrote);
    world.verify()?;
    let all = world.pages() as u64;
    ensure!(made.page_count == all, "a checkpoint of {} pages of {all}", made.page_count);
    Ok((run, (made, wrote)))
}

/// Writes a new file of so many bytes beside a writer of so many bytes a second; returns what that one wrote.
fn raw_beside_raw(
    own: usize,
    raw: &Raw,
    [file, log]: &[PathBuf; 2],
    (bytes, rate): (u64, f64),
) -> Result<(AtOnce, u64)> {
    let is_done = AtomicBool::new(false);
    let write = || {
        let took = raw.write_new(file, bytes);
        is_done.store(true, Ordering::Relaxed);
        took
    };
    let (run, _, written) = AtOnce::run(own, write, || raw.write_paced(log, rate, &is_done))?;
    [file, log].into_iter().try_for_each(|path| remove(path))?;
    Ok((run, written))
}

/// Commits the changes over and over until told to stop, or for so long.
fn write(world: &World, is_done: &AtomicBool, most: Duration) -> Result<Wrote> {
    let (before, start, mut made) = (world.bus.stats().log.bytes, Instant::now(), 0);
    for chunk in world.changes.chunks_exact(COUNT).cycle() {
        commit(&world.bus, chunk)?;
        made += 1;
        // A look at the clock now and then costs nothing that could be seen.
        let is_late = made % 64 == 0 && start.elapsed() >= most;
        if is_late || is_done.load(Ordering::Relaxed) {
            break;
        }
    }
    let log_bytes = world.bus.stats().log.bytes - before;
    Ok(Wrote { deltas: made * COUNT, log_bytes })
}

impl World {
    /// Makes in the model what the writer made on the bus.
    fn replay(&mut self, wrote: &Wrote) {
        let round = self.changes.len() / COUNT * COUNT;
        // Whole rounds all end alike.
        let (rounds, rest) = (wrote.deltas / round, wrote.deltas % round);
        if rounds > 0 {
            self.shadow.apply(&self.changes[..round]);
        }
        self.shadow.apply(&self.changes[..rest]);
    }
}
