//! Row of replay: opening a bus, against reading the same log, summing it, and copying the payload to its places.
//!
//! A log makes pages, all of them written, and goes on with random deltas, 256 a commit. Opening it tells how far it
//! has come; the clock runs from where the pages are made to the end: deltas read, verified, checked and applied, into
//! memory that was touched, as the limit's is. One thread does all that, as the limit does, for the thread that opens
//! has one processor. The opened pages are compared with the model's.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use mmsb::{Bus, CheckpointEvery, Durability, Epoch};
use mmsb_types::{PageId, crc32c};
use tempfile::TempDir;

use super::{
    one::Way,
    setup::{SMALL, large, own_processor, title},
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    pages::{CHANGE_BYTES, CHANGED_PAGE_BYTES, Change},
    pin::pinned,
    shadow::Shadow,
};

const COUNT: usize = 256;
const FILL_PAGES: usize = 1024;
const CALL_BYTES: usize = 1 << 20;
/// The part of the deltas that has to be seen: an opening tells of every megabyte or so.
const SEEN_MIN: f64 = 0.9;
/// Pages that are compared after an opening.
const COMPARED: usize = 1000;

/// A log, the changes behind its pages, and the model of these.
struct Replay {
    _folder: TempDir,
    path: PathBuf,
    log: File,
    log_start: u64,
    log_end: u64,
    changes: Vec<Change>,
    shadow: Shadow,
}

/// What one repeat took.
struct Times {
    limit: Duration,
    replay: Duration,
}

/// How far an opening had come, and when: where the deltas began, and at last.
type Seen = Option<[(u64, Duration); 2]>;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    for (pages, must, goal) in [(large(context), 1.6, 1.3), (SMALL, 2.2, 1.8)] {
        let name = format!("replay, {}, n = {COUNT}", title(pages));
        context.say(format!("engine: {name}"));
        let mut replay = Replay::new(context, pages)?;
        let times = replay.times(context.repeats())?;
        match report(outcome, &name, &times, 1e9 / replay.changes.len() as f64) {
            Ok(()) => outcome.bar(Must, AtMost, must).bar(Goal, AtMost, goal),
            // The row has failed, the others stand.
            Err(error) => outcome.failure(format!("{error:#}")),
        };
    }
    Ok(())
}

/// Adds the figures, the one that is judged last; `each` turns seconds of all deltas into nanoseconds of one.
fn report(outcome: &mut Outcome, name: &str, times: &[Times], each: f64) -> Result<()> {
    let sample = |value: &dyn Fn(&Times) -> f64| {
        Sample::of(times.iter().map(value).collect()).context(name.to_owned())
    };
    let nanos = |time: Duration| time.as_secs_f64() * each;
    outcome.figure(format!("{name}, a delta"), Unit::Nanoseconds, sample(&|times| nanos(times.replay))?);
    let limit = sample(&|times| nanos(times.limit))?.median;
    let ratio = sample(&|times| times.replay.as_secs_f64() / times.limit.as_secs_f64())?;
    outcome.figure(format!("{name}, to scan + memcpy"), Unit::Limits, ratio);
    outcome.note(format!("{name}: scan + memcpy {limit:.1} ns a delta"));
    Ok(())
}

impl Replay {
    /// Repeats, after one repeat that does not count.
    fn times(&mut self, repeats: usize) -> Result<Vec<Times>> {
        pinned(own_processor()?, || {
            self.repeat()?;
            (0..repeats).map(|_| self.repeat()).collect()
        })
    }

    fn new(context: &Context, pages: usize) -> Result<Self> {
        let count = if context.quick() { 1 << 19 } else { 6 << 20 };
        let changes = Change::many(&mut context.random(), count, pages);
        let folder = context.scratch()?;
        let path = folder.path().join("bus");
        let mut shadow = Shadow::new(pages);
        // One file, and no checkpoint that would spare the replay.
        let builder = Bus::builder().durability(Durability::Volatile).segment_bytes(u64::MAX);
        let builder = builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None);
        fill(&builder.clone().create(&path)?, pages, &mut shadow)?;
        let log_start = log_file(&path)?.metadata()?.len();
        let bus = builder.open(&path)?;
        Way::Commits(COUNT).run(&bus, &changes)?;
        bus.stop()?;
        shadow.apply(&changes);
        let log = File::open(log_file(&path)?)?;
        let log_end = log.metadata()?.len();
        ensure!(log_end - log_start > (count * (CHANGE_BYTES + 8)) as u64, "the log is too short");
        Ok(Self { _folder: folder, path, log, log_start, log_end, changes, shadow })
    }

    fn repeat(&mut self) -> Result<Times> {
        let limit = self.limit()?;
        let (bus, seen) = self.open()?;
        ensure!(bus.stats().checkpoints.newest == Epoch::ZERO, "a checkpoint spared the replay");
        for change in self.changes.iter().step_by(self.changes.len() / COMPARED) {
            let same = bus.with_page(change.page, |bytes| bytes == self.shadow.page(change.page))?;
            ensure!(same, "{} is not what its changes make of it", change.page);
        }
        let [(start, started), (end, ended)] = seen.context("the opening did not tell how far it came")?;
        let (seen, all) = ((end - start) as f64, (self.log_end - self.log_start) as f64);
        ensure!(seen > all * SEEN_MIN, "the opening told of {seen} bytes of {all}");
        Ok(Times { limit, replay: (ended - started).mul_f64(all / seen) })
    }

    /// Opens the bus; returns what was seen of the deltas' replay.
    fn open(&self) -> Result<(Bus, Seen)> {
        let (seen, watch, log_start) = (Arc::new(Mutex::new(Seen::None)), Stopwatch::start(), self.log_start);
        let told = Arc::clone(&seen);
        let builder = Bus::builder().on_progress(move |progress| {
            if progress.done_bytes >= log_start {
                let now = (progress.done_bytes, watch.elapsed());
                let mut seen = told.lock().unwrap_or_else(PoisonError::into_inner);
                *seen = Some(seen.map_or([now, now], |[first, _]| [first, now]));
            }
        });
        let bus = builder.open_read_only(&self.path)?;
        let seen = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((bus, seen))
    }

    /// Reads and sums the log, and copies the payload to its places: the same changes once more, so the model
    /// stays what it was.
    fn limit(&mut self) -> Result<Duration> {
        let mut buffer = vec![0; CALL_BYTES];
        let bytes = (self.log_end - self.log_start) as usize;
        let calls = bytes.div_ceil(CALL_BYTES);
        let mut chunks = self.changes.chunks(self.changes.len().div_ceil(calls));
        let watch = Stopwatch::start();
        for call in 0..calls {
            let part = &mut buffer[..CALL_BYTES.min(bytes - call * CALL_BYTES)];
            self.log.read_exact_at(part, self.log_start + (call * CALL_BYTES) as u64)?;
            std::hint::black_box(crc32c(part));
            self.shadow.copy(chunks.next().unwrap_or_default());
        }
        Ok(watch.elapsed())
    }
}

/// Creates pages that are written all over, cheaply for the log: each is filled with one byte.
fn fill(bus: &Bus, pages: usize, shadow: &mut Shadow) -> Result<()> {
    for first in (1..=pages).step_by(FILL_PAGES) {
        let mut tx = bus.begin();
        for number in first..(first + FILL_PAGES).min(pages + 1) {
            let page = tx.create_page(None, CHANGED_PAGE_BYTES)?;
            ensure!(page == PageId::new(number as u64), "{page} is the bus's page number {number}");
            let image = [number as u8 | 1; CHANGED_PAGE_BYTES];
            tx.capture(page, image)?;
            shadow.page_mut(page).copy_from_slice(&image);
        }
        tx.commit()?;
    }
    Ok(())
}

/// Returns the file that holds the commits: the largest.
fn log_file(bus: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(bus)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let bytes = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    files.into_iter().max_by_key(bytes).with_context(|| format!("{} is empty", bus.display()))
}
