//! Row of recovery: opening a bus whose process was killed, with ten million deltas in the log behind its checkpoint,
//! against reading that log, taking its checksum, and copying the deltas to their places.
//!
//! Another process fills the bus, makes a checkpoint, copies the directory as it is then, goes on with random deltas
//! of 32 bytes, 256 a commit, and is killed. What opening what it left takes more than opening the copy is the
//! recovery: scan, verification, cut and apply, into memory that both have touched. The pages are full of one byte
//! each, so a checkpoint is short, and the difference is not one of two large numbers. Each opening gets files of its
//! own, and its pages are compared with the model.

use std::{
    fs::{self, File},
    hint::black_box,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use mmsb::Bus;
use mmsb_types::{PageId, crc32c};

use super::{
    bus::{builder, pages, sync},
    disk,
};
use crate::{
    BarKind::Must,
    Context,
    Op::AtMost,
    Outcome, REPEATS_MIN, Sample, Unit,
    child::Child,
    clock::Stopwatch,
    pages::{CHANGE_BYTES, CHANGED_PAGE_BYTES, Change},
    shadow::Shadow,
    world::commit,
};

const DELTAS: usize = 10_000_000;
const DELTAS_QUICK: usize = 1_000_000;
const COUNT: usize = 256;
const FILL_PAGES: usize = 1024;
const CALL_BYTES: usize = 1 << 20;
/// What the process that is to be killed is called.
const VICTIM: &str = "durability-victim";
/// The file that it makes when it has written everything.
const READY: &str = "ready";
const WAIT: Duration = Duration::from_secs(600);

inventory::submit! { Child { name: VICTIM, run: victim } }

/// What was left, what is known of it, and the model.
struct Left {
    base: PathBuf,
    killed: PathBuf,
    /// Where each file of the log goes on behind the checkpoint.
    logs: Vec<(PathBuf, u64, u64)>,
    changes: Vec<Change>,
    shadow: Shadow,
}

/// What one repeat took, in seconds.
struct Times {
    limit: f64,
    base: f64,
    killed: f64,
}

fn changes(context: &Context) -> Vec<Change> {
    let deltas = context.among([DELTAS, DELTAS_QUICK, DELTAS_QUICK / 4]);
    Change::many(&mut context.random(), deltas / COUNT * COUNT, pages(context))
}

/// Fills a bus in the run's folder, writes, says that it is ready, and waits to be killed.
fn victim(context: &mut Context) -> Result<Outcome> {
    let (base, killed) = (context.folder().join("base"), context.folder().join("killed"));
    let bus = builder().create(&killed)?;
    for first in (1..=pages(context)).step_by(FILL_PAGES) {
        let mut tx = bus.begin();
        for number in first..(first + FILL_PAGES).min(pages(context) + 1) {
            let page = tx.create_page(None, CHANGED_PAGE_BYTES)?;
            ensure!(page == PageId::new(number as u64), "{page} is the bus's page number {number}");
            tx.capture(page, image(number))?;
        }
        tx.commit()?;
    }
    sync(&bus)?;
    bus.checkpoint()?;
    fs::create_dir(&base)?;
    for name in names(&killed)? {
        fs::copy(killed.join(&name), base.join(&name))?;
    }
    for chunk in changes(context).chunks(COUNT) {
        commit(&bus, chunk)?;
    }
    sync(&bus)?;
    fs::write(context.folder().join(READY), "")?;
    thread::sleep(WAIT);
    bail!("nobody came to kill this process")
}

fn image(number: usize) -> [u8; CHANGED_PAGE_BYTES] {
    [number as u8 | 1; CHANGED_PAGE_BYTES]
}

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    // The log and the zeros that may be before it; the rest is short.
    disk::need(context, 2 << 30)?;
    let folder = context.scratch()?;
    context.say("durability: a process that is to be killed");
    kill_one(context, folder.path())?;
    context.say("durability: recovery");
    let mut left = Left::new(context, folder.path())?;
    // Caches are cold the first time.
    let times = (0..=REPEATS_MIN).map(|_| left.repeat(folder.path())).collect::<Result<Vec<_>>>()?;
    let mut outcome = Outcome::default();
    report(&mut outcome, &times[1..], left.changes.len())?;
    Ok(outcome)
}

fn report(outcome: &mut Outcome, times: &[Times], deltas: usize) -> Result<()> {
    let sample = |value: &dyn Fn(&Times) -> f64| Sample::of(times.iter().map(value).collect());
    let (name, each) = (format!("recovery of {deltas} deltas, n = {COUNT}"), 1e9 / deltas as f64);
    let base = sample(&|times| times.base)?.median;
    let more = |times: &Times| times.killed - base;
    outcome.figure(format!("{name}, a delta"), Unit::Nanoseconds, sample(&|times| more(times) * each)?);
    let ratio = sample(&|times| more(times) / times.limit)?;
    outcome.figure(format!("{name}, to scan + verify + memcpy"), Unit::Limits, ratio).bar(Must, AtMost, 1.6);
    let limit = sample(&|times| times.limit * each)?.median;
    outcome.note(format!("{name}: the limit {limit:.1} ns a delta; the checkpoint's load alone {base:.3} s"));
    Ok(())
}

/// Starts the process that fills a bus in `folder`.
fn spawn_victim(context: &Context, folder: &Path) -> Result<process::Child> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["--child", VICTIM, "--dir"]).arg(folder);
    command.args(context.quick().then_some("--quick"));
    command.args(context.lenient().then_some("--smoke"));
    Ok(command.stdout(process::Stdio::null()).spawn()?)
}

/// Kills the process that fills a bus in `folder` once it is ready.
fn kill_one(context: &Context, folder: &Path) -> Result<()> {
    let mut victim = spawn_victim(context, folder)?;
    let start = Instant::now();
    while !folder.join(READY).exists() && start.elapsed() < WAIT {
        if let Some(status) = victim.try_wait()? {
            bail!("the process that was to be killed ended by itself: {status}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    victim.kill()?;
    victim.wait()?;
    ensure!(folder.join(READY).exists(), "the process that was to be killed was not ready within {WAIT:?}");
    Ok(())
}

impl Left {
    fn new(context: &Context, folder: &Path) -> Result<Self> {
        let (base, killed) = (folder.join("base"), folder.join("killed"));
        let mut logs = Vec::new();
        for name in names(&killed)?.into_iter().filter(|name| name.starts_with("seg-")) {
            let bytes = |dir: &Path| fs::metadata(dir.join(&name)).map_or(0, |metadata| metadata.len());
            logs.push((killed.join(&name), bytes(&base), bytes(&killed)));
        }
        let changes = changes(context);
        let bytes: u64 = logs.iter().map(|(_, from, to)| to - from).sum();
        ensure!(bytes > (changes.len() * (CHANGE_BYTES + 8)) as u64, "a log of {bytes} bytes is too short");
        let shadow = expected(pages(context), &changes);
        Ok(Self { base, killed, logs, changes, shadow })
    }

    fn repeat(&mut self, folder: &Path) -> Result<Times> {
        let (limit, to) = (self.limit()?.as_secs_f64(), folder.join("opened"));
        let base = Self::open(&self.base, &to, |_| Ok(()))?;
        let killed = Self::open(&self.killed, &to, |bus| self.verify(bus))?;
        Ok(Times { limit, base, killed })
    }

    /// Opens a copy of a directory; returns how long that took, in seconds.
    fn open(from: &Path, to: &Path, verify: impl FnOnce(&Bus) -> Result<()>) -> Result<f64> {
        duplicate(from, to)?;
        let watch = Stopwatch::start();
        let bus = builder().open(to)?;
        let took = watch.elapsed().as_secs_f64();
        verify(&bus)?;
        drop(bus);
        fs::remove_dir_all(to)?;
        Ok(took)
    }

    fn verify(&self, bus: &Bus) -> Result<()> {
        let found = bus.stats().pages.count as usize;
        ensure!(found == self.shadow.pages(), "{found} pages came back");
        for number in 1..=found {
            let page = PageId::new(number as u64);
            let same = bus.with_page(page, |bytes| bytes == self.shadow.page(page))?;
            ensure!(same, "{page} is not what its changes make of it");
        }
        Ok(())
    }

    /// Reads and sums the log, and copies the payload to its places: the same changes once more, so the model
    /// stays what it was.
    fn limit(&mut self) -> Result<Duration> {
        let mut buffer = vec![1; CALL_BYTES];
        let calls = |from: &u64, to: &u64| (to - from).div_ceil(CALL_BYTES as u64);
        let count: u64 = self.logs.iter().map(|(_, from, to)| calls(from, to)).sum();
        let mut chunks = self.changes.chunks(self.changes.len().div_ceil(count as usize));
        let watch = Stopwatch::start();
        for (path, from, to) in &self.logs {
            let log = File::open(path)?;
            for at in (*from..*to).step_by(CALL_BYTES) {
                let part = &mut buffer[..CALL_BYTES.min((to - at) as usize)];
                log.read_exact_at(part, at)?;
                black_box(crc32c(part));
                self.shadow.copy(chunks.next().unwrap_or_default());
            }
        }
        let took = watch.elapsed();
        ensure!(chunks.next().is_none(), "the limit left changes out");
        Ok(took)
    }
}

/// What the changes make of the pages.
fn expected(pages: usize, changes: &[Change]) -> Shadow {
    let mut shadow = Shadow::new(pages);
    for number in 1..=pages {
        shadow.page_mut(PageId::new(number as u64)).copy_from_slice(&image(number));
    }
    shadow.copy(changes);
    shadow
}

/// Gives an opening a directory of its own. Of the log, opening changes the newest file alone, so links to the others,
/// and to checkpoints, do.
fn duplicate(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    let names = names(from)?;
    let number = |name: &str| name.strip_prefix("seg-").and_then(|number| number.parse::<u64>().ok());
    let newest = names.iter().filter_map(|name| number(name)).max();
    for name in &names {
        let is_kept = name.starts_with("ckpt-") || number(name).is_some_and(|number| Some(number) != newest);
        let (from, to) = (from.join(name), to.join(name));
        if is_kept {
            fs::hard_link(from, to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

fn names(dir: &Path) -> Result<Vec<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
