//! Line 1, `replay`: is the log the state?
//!
//! The same stream of random transactions, with propagation, goes to two buses on disk: one never makes a checkpoint,
//! the other one makes some on the way. The states that both end with, read from memory, are the judge. Then each is
//! opened again, by one thread, by two and by as many as there are processors: from the log alone, and from a checkpoint
//! and the log behind it. Every page is compared byte for byte, and the BLAKE3 hash of the whole state. At last every
//! checkpoint is held against the log that was replayed from its birth.

mod image;

use std::path::Path;

use anyhow::{Result, ensure};
use mmsb::{Bus, CheckpointEvery, Durability, PageId, verify, verify_replay};

use self::image::Image;
use crate::{
    Context, LONG_REPEATS_MIN, Line, Outcome, REPEATS_MIN, Sample, Unit, clock::Stopwatch, field::Field,
    pin::processors,
};

inventory::submit! {
    Line {
        name: "replay",
        number: Some(1),
        question: "is the log the state, byte for byte?",
        faults: &["other-write", "later-write"],
        run,
    }
}

const CYCLES: [u64; 3] = [1_000_000, 1000, 200];
const CHECKPOINTS: u64 = 5;

fn run(context: &mut Context) -> Result<Outcome> {
    let cycles = context.size().pick(CYCLES);
    let scratch = context.scratch()?;
    let [plain, marked] = ["log", "checkpoints"].map(|name| scratch.path().join(name));
    let mut outcome = Outcome::default();
    context.say("replay: the run");
    let live = make(context, &plain, cycles, None)?;
    let again = make(context, &marked, cycles, Some(cycles.div_ceil(CHECKPOINTS)))?;
    live.must_equal(&again, "beside checkpoints")?;
    if context.has_fault("later-write") {
        Bus::open(&plain)?.write(PageId::FIRST, 0, [live.first_byte() ^ 1])?;
    }
    let kept = [&plain, &marked].map(|path| verify(path).map(|verified| verified.checkpoint_count));
    ensure!(matches!(kept, [Ok(0), Ok(1..)]), "checkpoints of the two: {kept:?}");
    let threads = [1, 2, processors()?.len().max(3)];
    for (path, from) in [(&plain, "the log"), (&marked, "a checkpoint and the log")] {
        for count in threads {
            let sample = reopen(context, path, count, &live, cycles)?;
            outcome.figure(format!("from {from}, threads: {count}"), Unit::MillionsPerSecond, sample);
        }
    }
    let verified = verify_replay(&marked, |_| {})?;
    ensure!(verified.difference.is_none(), "a checkpoint is not what the log says: {verified:?}");
    ensure!(verified.hash == live.hash, "the log's own hash is {}, not {}", verified.hash, live.hash);
    let (bytes, checked) = (live.bytes(), verified.checkpoint_count);
    outcome.note(format!("{cycles} commits; divergence: 0 of {bytes} bytes; BLAKE3 {}", live.hash));
    outcome.note(format!("{checked} checkpoints agree with the log"));
    Ok(outcome)
}

/// Makes the run, and returns the state that it ends with.
fn make(context: &Context, path: &Path, cycles: u64, every: Option<u64>) -> Result<Image> {
    let builder = Bus::builder().durability(Durability::Volatile).checkpoint_every(CheckpointEvery::NEVER);
    let builder = builder.checkpoint_on_stop(None);
    let mut field = Field::new(builder.create(path)?, context.random())?;
    for cycle in 1..=cycles {
        field.cycle()?;
        if every.is_some_and(|every| cycle % every == 0 && cycle < cycles) {
            field.bus.checkpoint()?;
        }
    }
    if every.is_some() && context.has_fault("other-write") {
        field.cycle()?;
    }
    let image = Image::of(&field.bus)?;
    field.bus.stop()?;
    Ok(image)
}

/// Opens the bus again and again, and compares; in millions of commits that the whole run has, a second.
fn reopen(context: &Context, path: &Path, threads: usize, live: &Image, cycles: u64) -> Result<Sample> {
    context.say(format!("replay: {} by {threads}", path.display()));
    let mut speeds = Vec::new();
    for _ in 0..if context.quick() { REPEATS_MIN } else { LONG_REPEATS_MIN } {
        let watch = Stopwatch::start();
        let bus = Bus::builder().recovery_threads(threads).open_read_only(path)?;
        speeds.push(cycles as f64 / watch.elapsed().as_secs_f64() / 1e6);
        live.must_equal(&Image::of(&bus)?, "replayed")?;
    }
    Sample::of_long(speeds)
}
