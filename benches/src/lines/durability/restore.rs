//! Row of restoring: opening a bus whose newest checkpoint holds all there is, against reading the file, taking its
//! checksum, and copying it to memory that was not there before.
//!
//! The memory of the limit is mapped anew each time, and huge pages are asked for, as the page store does. The page
//! cache holds the file in both. What was opened is compared with the model.

use std::{
    fs::{self, File},
    hint::black_box,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use memmap2::{Advice, MmapOptions};
use mmsb::Bus;
use mmsb_types::crc32c;

use super::{
    bus::{builder, filled, pages, verify_chain},
    disk,
};
use crate::{
    BarKind::Must, Context, Op::AtLeast, Outcome, REPEATS_MIN, Sample, Unit, clock::Stopwatch,
    pages::CHANGED_PAGE_BYTES, world::World,
};

/// Bytes of a read of the limit: as long as a block of a checkpoint.
const CALL_BYTES: usize = 1 << 20;

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    let count = pages(context);
    disk::need(context, (count * CHANGED_PAGE_BYTES) as u64 * 3)?;
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let mut world = filled(context, builder(), &path)?;
    let made = world.bus.checkpoint()?;
    ensure!(made.is_full && made.page_count == count as u64, "not all pages: {made:?}");
    // Any bus but the filled one: that has to be closed.
    let filled = std::mem::replace(&mut world.bus, Bus::builder().volatile()?);
    filled.stop()?;
    ensure!(verify_chain(&path)? == 1, "there is one checkpoint");
    let file = checkpoint_file(&path)?;
    context.say("durability: restoring");
    let mut times = Vec::new();
    // The first repeat brings the file to the page cache, should it not be there.
    for _ in 0..=REPEATS_MIN {
        times.push((limit(&file)?, open(&mut world, &path)?));
    }
    times.remove(0);
    world.verify_all()?;
    let mut outcome = Outcome::default();
    let (name, bytes) = (format!("restore of {count} pages"), fs::metadata(&file)?.len() as f64);
    let rate = |time: Duration| bytes / time.as_secs_f64() / 1e9;
    let sample = |value: &dyn Fn(&(Duration, Duration)) -> f64| Sample::of(times.iter().map(value).collect());
    outcome.figure(&name, Unit::GigabytesPerSecond, sample(&|(_, open)| rate(*open))?);
    let ratio = sample(&|(limit, open)| limit.as_secs_f64() / open.as_secs_f64())?;
    outcome.figure(format!("{name}, to read + sum + copy"), Unit::Times, ratio).bar(Must, AtLeast, 0.5);
    let limit = sample(&|(limit, _)| rate(*limit))?.median;
    outcome.note(format!("{name}: read, checksum and memcpy to fresh memory by one thread {limit:.2} GB/s"));
    Ok(outcome)
}

/// Returns how long it takes to read the file, take its checksum, and copy it to fresh memory.
fn limit(path: &Path) -> Result<Duration> {
    let mut buffer = vec![1; CALL_BYTES];
    let watch = Stopwatch::start();
    let file = File::open(path)?;
    let bytes = file.metadata()?.len() as usize;
    let mut memory = MmapOptions::new().len(bytes).map_anon()?;
    // A kernel without huge pages refuses; so it does to the store.
    let _ = memory.advise(Advice::HugePage);
    for (index, to) in memory.chunks_mut(CALL_BYTES).enumerate() {
        let piece = &mut buffer[..to.len()];
        file.read_exact_at(piece, (index * CALL_BYTES) as u64)?;
        black_box(crc32c(piece));
        to.copy_from_slice(piece);
    }
    black_box(&mut memory);
    Ok(watch.elapsed())
}

/// Returns how long opening takes; the world has the bus afterwards.
fn open(world: &mut World, path: &Path) -> Result<Duration> {
    // The one before holds the lock, and its memory goes outside the clock.
    world.bus = Bus::builder().volatile()?;
    let watch = Stopwatch::start();
    let bus = builder().open(path)?;
    let took = watch.elapsed();
    let newest = bus.stats().checkpoints.newest;
    ensure!(newest == bus.epoch(), "the log goes on behind {newest}");
    world.bus = bus;
    Ok(took)
}

fn checkpoint_file(bus: &Path) -> Result<PathBuf> {
    let names = fs::read_dir(bus)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let is_checkpoint =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ckpt-"));
    names.into_iter().find(is_checkpoint).context("there is no checkpoint")
}
