//! Rows of streaming: all pages of a snapshot are copied out while a writer changes them.
//!
//! The pre-images may take more than the live bytes here, so the snapshot never ages; their memory was touched once
//! before, so that what the system takes to clear fresh memory is not measured. Measured twice: a snapshot that keeps all
//! it shows to its end, and one that gives up the pages behind it, as whoever reads each once can. One thread copies every page, in order, into memory of its own, against copying
//! as much from memory to memory at once; the other one commits random deltas, 16 a commit, against doing so alone.
//! Both are at work all the time, verifiably. What was copied is compared with the model as of the snapshot, byte for
//! byte.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Snapshot};
use mmsb_types::PageId;

use crate::{
    BarKind::{Goal, Must},
    Context, LimitKind,
    Op::{AtLeast, AtMost},
    Outcome, Sample, Unit,
    clock::{FLUSHER, Stopwatch},
    pages::CHANGED_PAGE_BYTES,
    pin::{pin_named, pinned, processors},
    together::{Together, unmeasured},
    world::{World, commit},
};

const PAGES: usize = 262_144;
const PAGES_QUICK: usize = 65_536;
const COUNT: usize = 16;
/// Pages that the stream gives up at a time.
const PASSED: usize = 64;

/// What one repeat came to.
struct Repeat {
    gigabytes_per_second: f64,
    /// The writer's time for a delta beside the stream, to its time alone.
    slowdown: f64,
    discarded: u32,
}

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let Some(&pair) = processors()?.first_chunk::<2>() else {
        outcome.note("one processor: streaming beside a writer is not measured");
        return Ok(());
    };
    let pages = context.among([PAGES, PAGES_QUICK, PAGES_QUICK / 4]);
    let mut world = roomy(context, pages)?;
    touch(&mut world)?;
    pin_named(FLUSHER, &pair)?;
    let mut target = vec![1; pages * CHANGED_PAGE_BYTES];
    for (passes, what) in [(false, ""), (true, ", passing")] {
        let name = format!("stream of {pages} pages{what}");
        context.say(format!("engine: {name}"));
        let repeats = (0..=context.repeats()).map(|_| repeat(&mut world, pair, &mut target, passes));
        match repeats.collect::<Result<Vec<_>>>() {
            Err(error) => unmeasured(context, outcome, &name, error)?,
            Ok(repeats) => report(outcome, &name, &repeats)?,
        }
    }
    world.verify_all()
}

fn report(outcome: &mut Outcome, name: &str, repeats: &[Repeat]) -> Result<()> {
    let sample = |value: &dyn Fn(&Repeat) -> f64| Sample::of(repeats.iter().skip(1).map(value).collect());
    outcome.figure(name, Unit::GigabytesPerSecond, sample(&|repeat| repeat.gigabytes_per_second)?);
    outcome.ratio(Must, AtLeast, 0.3, LimitKind::CopyDram).ratio(Goal, AtLeast, 0.4, LimitKind::CopyDram);
    outcome.figure(format!("{name}, writer to alone"), Unit::Limits, sample(&|repeat| repeat.slowdown)?);
    outcome.bar(Must, AtMost, 1.7).bar(Goal, AtMost, 1.4);
    let discarded: u32 = repeats.iter().map(|repeat| repeat.discarded).sum();
    outcome.note(format!("{name}: {discarded} runs were thrown away, {} count", repeats.len()));
    Ok(())
}

/// Makes a world whose pre-images may take more than its pages.
fn roomy(context: &Context, pages: usize) -> Result<World> {
    let arena_bytes = 2 * (pages * CHANGED_PAGE_BYTES) as u64;
    let bus = Bus::builder().preimage_bytes(arena_bytes).volatile()?;
    World::new(bus, pages, context.random())
}

/// Changes every page once while a snapshot needs them all.
fn touch(world: &mut World) -> Result<()> {
    world.renew(world.pages());
    world.changes.iter_mut().zip(1..).for_each(|(change, page)| change.page = PageId::new(page));
    let snapshot = world.bus.snapshot();
    write(world, world.changes.len() / COUNT, &AtomicBool::new(false))?;
    world.shadow.apply(&world.changes);
    drop(snapshot);
    world.verify()
}

fn repeat(world: &mut World, pair: [usize; 2], target: &mut [u8], passes: bool) -> Result<Repeat> {
    let deltas = world.pages();
    let alone = alone(world, pair[1], deltas)? / deltas as f64;
    let (together, done, discarded) = Together::verified(|| beside(world, pair, target, passes))?;
    let (stream, writer) = (&together.parts[0], &together.parts[1]);
    let seconds = |time: Duration| time.as_secs_f64();
    let stream = seconds((stream.end - stream.start).saturating_sub(stream.queued));
    let writer = seconds((writer.end - writer.start).saturating_sub(writer.queued));
    let gigabytes_per_second = target.len() as f64 / stream / 1e9;
    Ok(Repeat { gigabytes_per_second, slowdown: writer / done as f64 / alone, discarded })
}

/// Returns what the writer takes for `deltas` when nobody holds a snapshot, in seconds.
fn alone(world: &mut World, processor: usize, deltas: usize) -> Result<f64> {
    world.renew(deltas);
    world.settle()?;
    let took = pinned(processor, || {
        let watch = Stopwatch::start();
        write(world, world.changes.len() / COUNT, &AtomicBool::new(false))?;
        Ok(watch.elapsed())
    })?;
    world.shadow.apply(&world.changes);
    Ok(took.as_secs_f64())
}

/// Streams and writes at once; returns how many deltas were written.
fn beside(world: &mut World, pair: [usize; 2], target: &mut [u8], passes: bool) -> Result<(Together, usize)> {
    world.renew(world.pages());
    world.settle()?;
    let mut snapshot = world.bus.snapshot();
    let (is_done, commits) = (AtomicBool::new(false), AtomicUsize::new(0));
    let shared = Mutex::new((&mut snapshot, &mut *target));
    let together = Together::run(&pair, |index| {
        if index == 1 {
            // Far more than the stream leaves time for; an end there must be, should the stream panic.
            commits.store(write(world, 64 * world.pages(), &is_done)?, Ordering::Relaxed);
            return Ok(());
        }
        let mut shared = shared.lock().expect("only this thread takes it");
        let (snapshot, target) = &mut *shared;
        let copied = stream(snapshot, target, passes);
        is_done.store(true, Ordering::Relaxed);
        copied
    })?;
    verify(&snapshot, world, target)?;
    let commits = commits.into_inner();
    for chunk in world.changes.chunks_exact(COUNT).cycle().take(commits) {
        world.shadow.apply(chunk);
    }
    world.verify()?;
    Ok((together, commits * COUNT))
}

/// Copies every page; if it `passes`, gives up those that were copied.
fn stream(snapshot: &mut Snapshot, target: &mut [u8], passes: bool) -> Result<()> {
    for (places, first) in target.chunks_mut(PASSED * CHANGED_PAGE_BYTES).zip((1..).step_by(PASSED)) {
        ensure!(!passes || snapshot.pass(PageId::new(first)), "the only snapshot cannot pass pages");
        let mut places = places.chunks_exact_mut(CHANGED_PAGE_BYTES).zip(first..);
        places.try_for_each(|(to, page)| snapshot.read(PageId::new(page), 0, to).map(drop))?;
    }
    Ok(())
}

/// Checks that what was copied is the model as of the snapshot.
fn verify(snapshot: &Snapshot, world: &World, target: &[u8]) -> Result<()> {
    ensure!(!snapshot.is_aged(), "the snapshot aged, though there was room for all pages");
    for (found, page) in target.chunks_exact(CHANGED_PAGE_BYTES).zip(1..) {
        let page = PageId::new(page);
        ensure!(found == world.shadow.page(page), "{page} is not as it was when the snapshot was taken");
    }
    Ok(())
}

/// Commits the changes over and over, `most` commits or until told to stop; returns how many it made.
fn write(world: &World, most: usize, is_done: &AtomicBool) -> Result<usize> {
    let mut made = 0;
    let mut chunks = world.changes.chunks_exact(COUNT).cycle();
    while made < most && !is_done.load(Ordering::Relaxed) {
        let Some(chunk) = chunks.next() else { break };
        commit(&world.bus, chunk)?;
        made += 1;
    }
    Ok(made)
}
