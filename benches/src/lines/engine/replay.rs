//! Row of replay: opening a bus, against reading the same log, summing it, and copying the payload to its places.
//!
//! Two logs make the same pages, all of them written; the longer one goes on with random deltas, 256 a commit.
//! What opening the longer one takes more than the shorter one is the replay of the deltas: read, verified,
//! checked, applied, into memory that both have touched. The opened pages are compared with the model's.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
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
/// Pages that are compared after an opening.
const COMPARED: usize = 1000;

/// Two logs, the changes that the longer one has more, and the model of its pages.
struct Replay {
    _folder: TempDir,
    short: PathBuf,
    long: PathBuf,
    log: File,
    log_start: u64,
    log_end: u64,
    changes: Vec<Change>,
    shadow: Shadow,
}

/// What one repeat took.
struct Times {
    limit: Duration,
    short: Duration,
    long: Duration,
}

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    for (pages, must, goal) in [(large(context), 1.6, 1.3), (SMALL, 2.2, 1.8)] {
        let name = format!("replay, {}, n = {COUNT}", title(pages));
        context.say(format!("engine: {name}"));
        let mut replay = Replay::new(context, pages)?;
        let times = replay.times(context.repeats())?;
        match report(outcome, &name, &times, 1e9 / replay.changes.len() as f64) {
            Ok(()) => outcome.bar(Must, AtMost, must).bar(Goal, AtMost, goal),
            // Openings that swing by more than the replay takes: the row has failed, the others stand.
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
    let short = sample(&|times| times.short.as_secs_f64())?.median;
    let more = |times: &Times| times.long.as_secs_f64() - short;
    outcome.figure(format!("{name}, a delta"), Unit::Nanoseconds, sample(&|times| more(times) * each)?);
    let limit = sample(&|times| times.limit.as_secs_f64() * each)?.median;
    let ratio = sample(&|times| more(times) / times.limit.as_secs_f64())?;
    outcome.figure(format!("{name}, to scan + memcpy"), Unit::Limits, ratio);
    outcome.note(format!("{name}: scan + memcpy {limit:.1} ns a delta; the pages alone {short:.3} s"));
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
        let [short, long] = ["short", "long"].map(|name| folder.path().join(name));
        let mut shadow = Shadow::new(pages);
        // One file, and no checkpoint that would spare the replay.
        let builder = Bus::builder().durability(Durability::Volatile).segment_bytes(u64::MAX);
        let builder = builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None);
        fill(&builder.clone().create(&short)?, pages, &mut shadow)?;
        copy_all(&short, &long)?;
        let bus = builder.open(&long)?;
        Way::Commits(COUNT).run(&bus, &changes)?;
        bus.stop()?;
        shadow.apply(&changes);
        let log = File::open(log_file(&long)?)?;
        let (log_start, log_end) = (log_file(&short)?.metadata()?.len(), log.metadata()?.len());
        ensure!(log_end - log_start > (count * (CHANGE_BYTES + 8)) as u64, "the longer log is too short");
        Ok(Self { _folder: folder, short, long, log, log_start, log_end, changes, shadow })
    }

    fn repeat(&mut self) -> Result<Times> {
        let limit = self.limit()?;
        let watch = Stopwatch::start();
        let bus = Bus::open_read_only(&self.short)?;
        let short = watch.elapsed();
        drop(bus);
        let watch = Stopwatch::start();
        let bus = Bus::open_read_only(&self.long)?;
        let long = watch.elapsed();
        ensure!(bus.stats().checkpoint == Epoch::ZERO, "a checkpoint spared the replay");
        for change in self.changes.iter().step_by(self.changes.len() / COMPARED) {
            let same = bus.with_page(change.page, |bytes| bytes == self.shadow.page(change.page))?;
            ensure!(same, "{} is not what its changes make of it", change.page);
        }
        Ok(Times { limit, short, long })
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

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Returns the file that holds the commits: the largest.
fn log_file(bus: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(bus)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let bytes = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    files.into_iter().max_by_key(bytes).with_context(|| format!("{} is empty", bus.display()))
}
