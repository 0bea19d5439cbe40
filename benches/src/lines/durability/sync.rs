//! Rows of group commit: commits of one delta that each wait for the disk, by 1, 8 and 64 threads, beside appending
//! 4 KiB to a file and syncing its data.
//!
//! The file of the limit grows, or has its blocks already; a bus's log is its first file, which has nobody to fill it
//! ahead of time but the log itself, some zeros at a time. Every thread writes to a page of its own, a number that it counts up; a bus that opens afterwards has the last of each.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
    thread,
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Durability};
use mmsb_types::PageId;

use super::{bus::builder, disk};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtLeast,
    Outcome, REPEATS_MIN, Sample, Unit,
    clock::Stopwatch,
    pages::CHANGE_BYTES,
    pin::panicked,
};

/// How many threads, and how many commits each of them makes in one repeat.
const CROWDS: [(usize, usize); 3] = [(1, 100), (8, 50), (64, 50)];
const THREADS_MAX: usize = 64;
const APPEND_BYTES: usize = 4 << 10;
const APPENDS: usize = 100;

/// Seconds that one commit, or one append, took in one repeat.
struct Times {
    growing: f64,
    prewritten: f64,
    crowds: [f64; 3],
}

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    disk::need(context, 256 << 20)?;
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let bus = builder().durability(Durability::Synced).create(&path)?;
    let mut tx = bus.begin();
    for _ in 0..THREADS_MAX {
        tx.create_page(None, CHANGE_BYTES)?;
    }
    tx.commit()?;
    let mut counts = [0; THREADS_MAX];
    context.say("durability: commits that wait");
    let mut times = Vec::new();
    for _ in 0..=REPEATS_MIN {
        times.push(repeat(&bus, &mut counts, folder.path())?);
    }
    drop(bus);
    let bus = Bus::open_read_only(&path)?;
    for (page, count) in (1..).zip(counts) {
        let found = bus.with_page(PageId::new(page), |bytes| bytes == image(count))?;
        ensure!(found, "page {page} does not hold the last of its {count} commits");
    }
    let mut outcome = Outcome::default();
    report(&mut outcome, &times[1..])?;
    Ok(outcome)
}

fn report(outcome: &mut Outcome, times: &[Times]) -> Result<()> {
    let sample = |value: &dyn Fn(&Times) -> f64| Sample::of(times.iter().map(value).collect());
    let micros = |seconds: f64| seconds * 1e6;
    outcome.figure("raw append + fdatasync, growing", Unit::Microseconds, sample(&|t| micros(t.growing))?);
    outcome.figure(
        "raw append + fdatasync, prewritten",
        Unit::Microseconds,
        sample(&|t| micros(t.prewritten))?,
    );
    for (index, (threads, _)) in CROWDS.into_iter().enumerate() {
        let name = format!("synced commit, {threads} threads, each");
        outcome.figure(name, Unit::Microseconds, sample(&|t| micros(t.crowds[index]))?);
    }
    outcome.figure("1 thread, to raw growing", Unit::Times, sample(&|t| t.growing / t.crowds[0])?);
    outcome.bar(Must, AtLeast, 0.5);
    outcome.figure("1 thread, to raw prewritten", Unit::Times, sample(&|t| t.prewritten / t.crowds[0])?);
    outcome.bar(Goal, AtLeast, 0.5);
    outcome.figure("8 threads to 1", Unit::Times, sample(&|t| t.crowds[0] / t.crowds[1])?);
    outcome.bar(Must, AtLeast, 2.0).bar(Goal, AtLeast, 4.0);
    outcome.figure("64 threads to 1", Unit::Times, sample(&|t| t.crowds[0] / t.crowds[2])?);
    outcome.bar(Must, AtLeast, 8.0).bar(Goal, AtLeast, 32.0);
    Ok(())
}

fn repeat(bus: &Bus, counts: &mut [u64; THREADS_MAX], folder: &Path) -> Result<Times> {
    let raw = folder.join("raw");
    File::create(&raw)?;
    let growing = append(&raw)?;
    // It has its blocks now.
    let prewritten = append(&raw)?;
    let mut crowds = [0.0; 3];
    for (took, (threads, commits)) in crowds.iter_mut().zip(CROWDS) {
        *took = crowd(bus, &mut counts[..threads], commits)?;
    }
    Ok(Times { growing, prewritten, crowds })
}

/// Returns what an append and its sync take; the file stays as long as it gets.
fn append(path: &Path) -> Result<f64> {
    let file = OpenOptions::new().write(true).open(path)?;
    let piece = [7; APPEND_BYTES];
    let watch = Stopwatch::start();
    for index in 0..APPENDS {
        file.write_all_at(&piece, (index * APPEND_BYTES) as u64)?;
        file.sync_data()?;
    }
    Ok(watch.elapsed().as_secs_f64() / APPENDS as f64)
}

/// Has one thread for each count make commits; returns what one took, all together.
fn crowd(bus: &Bus, counts: &mut [u64], commits: usize) -> Result<f64> {
    let total = counts.len() * commits;
    let watch = Stopwatch::start();
    thread::scope(|scope| {
        let start = |(page, count)| scope.spawn(move || count_up(bus, PageId::new(page), count, commits));
        let threads: Vec<_> = (1..).zip(counts.iter_mut()).map(start).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<()>>| {
            thread.join().unwrap_or_else(|cause| Err(panicked(&*cause)))
        };
        threads.into_iter().try_for_each(join)
    })?;
    Ok(watch.elapsed().as_secs_f64() / total as f64)
}

fn count_up(bus: &Bus, page: PageId, count: &mut u64, commits: usize) -> Result<()> {
    for _ in 0..commits {
        *count += 1;
        let committed = bus.write(page, 0, image(*count))?;
        ensure!(
            bus.stats().log.durable >= committed.epoch,
            "{} came back before it was durable",
            committed.epoch
        );
    }
    Ok(())
}

fn image(count: u64) -> [u8; CHANGE_BYTES] {
    let mut image = [0; CHANGE_BYTES];
    image[..8].copy_from_slice(&count.to_le_bytes());
    image
}
