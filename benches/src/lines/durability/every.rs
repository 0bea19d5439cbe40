//! Row of the policy that a power cut takes a millisecond or a megabyte at most: commits that do not wait, while the
//! log is synced all the time.
//!
//! Both buses write into a segment that is filled with zeros already, as such a bus has them after the first: bulky
//! synced commits come before, unmeasured, until the next segment has been prepared and begun. Measured is a burst of
//! commits of 16 deltas of 32 bytes that fits that segment, until the kernel has it, with the policy and with no sync
//! at all; and until the disk has it, against writing as much to a file that has its blocks, 1 MiB a call, each
//! synced. One of the two ratios has to hold.

use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Durability, SyncEvery};
use mmsb_tlog::{LogDir, vfs::OsVfs};

use super::{
    bus::{builder, sync},
    disk,
    raw::Raw,
};
use crate::{
    BarKind::Must,
    Context,
    Op::AtLeast,
    Outcome, REPEATS_MIN, Sample, Unit,
    clock::Stopwatch,
    pages::{CHANGED_PAGE_BYTES, Change},
    world::{World, commit},
};

const COUNT: usize = 16;
const PAGES: usize = 10_000;
/// Bytes of a segment, and of the log of a burst: less, for marks stand in it, too.
const SEGMENT_BYTES: [u64; 2] = [64 << 20, 16 << 20];
/// Bytes that a delta and its share of a frame take in the log.
const DELTA_BYTES: u64 = 44;
/// Never, though it is asked for.
const NEVER: SyncEvery = SyncEvery { time: Duration::MAX, bytes: u64::MAX };
/// Pages that a bulky commit writes as a whole: about half a megabyte.
const BULK_PAGES: usize = 512;
const WAIT: Duration = Duration::from_secs(60);

/// What one repeat took, in seconds.
struct Times {
    /// Until the kernel has the burst: with no sync, with the policy; until the disk has it.
    unsynced: f64,
    written: f64,
    durable: f64,
    /// The same bytes, 1 MiB a call, each synced.
    raw: f64,
    log_bytes: u64,
}

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    let segment = SEGMENT_BYTES[usize::from(context.quick())];
    disk::need(context, segment * 48)?;
    let folder = context.scratch()?;
    let [path, bare] = ["group", "bare"].map(|name| folder.path().join(name));
    let make = |path: &Path, every| {
        let builder = builder().segment_bytes(segment).sync_every(every);
        World::new(builder.create(path)?, PAGES, context.random())
    };
    let mut group = make(&path, SyncEvery::GROUP)?;
    let mut unsynced = make(&bare, NEVER)?;
    let (raw, file) = (Raw::new(context), folder.path().join("raw"));
    raw.write_new(&file, segment)?;
    let mut times = Vec::new();
    for round in 0..=REPEATS_MIN {
        context.say(format!("durability: the policy, {round} of {REPEATS_MIN}"));
        let deltas = (segment * 7 / 8 / DELTA_BYTES) as usize / COUNT * COUNT;
        let [bare_written, _, _] = burst(&mut unsynced, &bare, segment, deltas)?;
        let [written, durable, bytes] = burst(&mut group, &path, segment, deltas)?;
        let raw = raw.write_synced(&file, bytes as u64)?.as_secs_f64();
        times.push(Times { unsynced: bare_written, written, durable, raw, log_bytes: bytes as u64 });
    }
    for (world, path) in [(&mut group, &path), (&mut unsynced, &bare)] {
        sync(&world.bus)?;
        world.bus = Bus::open_read_only(path)?;
        world.verify_all()?;
    }
    let mut outcome = Outcome::default();
    report(&mut outcome, &times[1..])?;
    Ok(outcome)
}

fn report(outcome: &mut Outcome, times: &[Times]) -> Result<()> {
    let sample = |value: &dyn Fn(&Times) -> f64| Sample::of(times.iter().map(value).collect());
    let rate = |times: &Times, seconds: f64| times.log_bytes as f64 / seconds / 1e9;
    outcome.figure("log, 1 ms policy", Unit::GigabytesPerSecond, sample(&|t| rate(t, t.written))?);
    outcome.figure("log, no sync", Unit::GigabytesPerSecond, sample(&|t| rate(t, t.unsynced))?);
    outcome.figure("raw 1 MiB write + fdatasync", Unit::GigabytesPerSecond, sample(&|t| rate(t, t.raw))?);
    let to_unsynced = |t: &Times| t.unsynced / t.written;
    let to_raw = |t: &Times| t.raw / t.durable;
    outcome.figure("1 ms policy, to no sync", Unit::Times, sample(&to_unsynced)?);
    outcome.figure("1 ms policy, durable, to raw", Unit::Times, sample(&to_raw)?);
    let best = (sample(&to_unsynced)?.median / 0.55).max(sample(&to_raw)?.median / 0.8);
    let better = |t: &Times| (to_unsynced(t) / 0.55).max(to_raw(t) / 0.8);
    outcome.figure("1 ms policy, the better of 0.55 no sync, 0.8 raw", Unit::Times, sample(&better)?);
    outcome.bar(Must, AtLeast, 1.0);
    outcome.note(format!("1 ms policy: by its medians {best:.2} of what the better bar asks for"));
    Ok(())
}

/// Begins a prewritten segment, then commits so many deltas; returns the seconds until they were written, until
/// they were durable, and the bytes of log that they took.
fn burst(world: &mut World, path: &Path, segment: u64, deltas: usize) -> Result<[f64; 3]> {
    begin_prewritten(world, path, segment)?;
    world.renew(deltas);
    let before = world.bus.stats().log.bytes;
    let watch = Stopwatch::start();
    for chunk in world.changes.chunks(COUNT) {
        commit(&world.bus, chunk)?;
    }
    settle(&world.bus)?;
    let written = watch.elapsed().as_secs_f64();
    sync(&world.bus)?;
    let durable = watch.elapsed().as_secs_f64();
    let bytes = world.bus.stats().log.bytes - before;
    let newest = newest_segment(path)?;
    let file = newest.file_bytes;
    ensure!(file == segment, "the burst ended in a file of {file} bytes, which was not prewritten");
    world.shadow.apply(&world.changes);
    world.verify()?;
    Ok([written, durable, bytes as f64])
}

/// Waits, without the processor for itself, until the kernel has everything.
fn settle(bus: &Bus) -> Result<()> {
    let start = Instant::now();
    while bus.stats().log.written < bus.epoch() {
        ensure!(start.elapsed() < WAIT, "the log was not written within {WAIT:?}");
        thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

/// Fills segments with bulky commits, each synced, until the log goes on in one that was prewritten in whole.
fn begin_prewritten(world: &mut World, path: &Path, segment: u64) -> Result<()> {
    let first = newest_segment(path)?;
    let (start, mut shift) = (Instant::now(), 0);
    loop {
        let newest = newest_segment(path)?;
        if newest.number > first.number && newest.file_bytes == segment {
            return Ok(());
        }
        ensure!(start.elapsed() < WAIT, "the log did not go on in a prewritten file within {WAIT:?}");
        let used = world.bus.stats().log.bytes.saturating_sub(newest.first);
        if used > segment * 3 / 4 && temporary_bytes(path)?.is_some_and(|bytes| bytes < segment) {
            // The next file is being prepared: going on would take it half done.
            thread::sleep(Duration::from_millis(1));
        } else {
            bulk(world, shift)?;
            shift += 1;
        }
    }
}

/// Writes to many pages as a whole, in a commit that waits for the disk.
fn bulk(world: &mut World, shift: usize) -> Result<()> {
    let mut tx = world.bus.begin().durability(Durability::Synced);
    let pages: Vec<Change> = Change::many(&mut crate::Random::new(shift as u64), BULK_PAGES, PAGES);
    for change in &pages {
        let image = [change.bytes; CHANGED_PAGE_BYTES / 32].concat();
        tx.write(change.page, 0, &image)?;
        world.shadow.page_mut(change.page).copy_from_slice(&image);
    }
    tx.commit()?;
    Ok(())
}

/// A segment of the log.
struct Segment {
    number: u64,
    /// Where in the log it begins.
    first: u64,
    /// The length of its file, zeros included.
    file_bytes: u64,
}

/// Returns the segment that is written to.
fn newest_segment(path: &Path) -> Result<Segment> {
    let dir = LogDir::open(Arc::new(OsVfs), path)?;
    let head = dir.manifest().last_segment();
    let file_bytes = fs::metadata(dir.segment_path(&head))?.len();
    Ok(Segment { number: head.segment, first: head.first_lsn.get(), file_bytes })
}

/// Returns the length of the segment that is being prepared.
fn temporary_bytes(path: &Path) -> Result<Option<u64>> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.strip_prefix("seg-").is_some_and(|number| number.parse::<u64>().is_err()) {
            // It may have got its name since it was listed.
            return Ok(entry.metadata().ok().map(|metadata| metadata.len()));
        }
    }
    Ok(None)
}
