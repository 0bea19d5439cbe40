//! Rows of checkpoints on a bus that rests: full ones against writing and syncing as many bytes, and increments
//! against full ones.
//!
//! A file system takes its time to find new blocks, and some disks many times as long to write to them for the first
//! time. A checkpoint is always a new file; so the limit is one, too, written before and after each checkpoint.
//! Beside it stands what rewriting a file of that length takes, which no new file can reach.
//!
//! Every ninth checkpoint is full, so eight increments follow each full one; before each of them one page in a hundred
//! is changed. At the end every file is verified, and a bus that opens from them is compared with the model.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb::{Bus, Checkpointed};
use mmsb_types::PageId;

use super::{
    bus::{builder, filled, long_repeats, pages, sync, verify_chain},
    disk,
    raw::{Raw, remove},
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::{AtLeast, AtMost},
    Outcome, Sample, Unit,
    clock::Stopwatch,
    pages::CHANGED_PAGE_BYTES,
    world::{World, commit},
};

/// Increments that follow a full checkpoint.
const INCREMENTS: usize = 8;
/// Of so many pages, one is changed before an increment.
const CHANGED_EVERY: usize = 100;
/// Changes of a commit.
const COUNT: usize = 16;

/// What was measured, in seconds and bytes.
#[derive(Default)]
struct Times {
    full: Vec<f64>,
    full_bytes: u64,
    increments: Vec<f64>,
    increment_bytes: Vec<f64>,
    /// One more than full checkpoints: before each, and after the last.
    new_files: Vec<f64>,
    rewritten: Vec<f64>,
}

/// Measures, in a process of its own.
pub fn run(context: &mut Context) -> Result<Outcome> {
    let (count, fulls) = (pages(context), long_repeats(context) as u64);
    // The log, the checkpoints, and two raw files.
    disk::need(context, (count * CHANGED_PAGE_BYTES) as u64 * (fulls + 4))?;
    let folder = context.scratch()?;
    let path = folder.path().join("bus");
    let mut world = filled(context, builder(), &path)?;
    let raw = Raw::new(context);
    let [new, old] = ["new", "old"].map(|name| folder.path().join(name));
    let mut times = Times::default();
    let like = (count * (CHANGED_PAGE_BYTES + 24)) as u64;
    raw.write_new(&old, like)?;
    let limit = |times: &mut Times| -> Result<()> {
        times.new_files.push(raw.write_new(&new, like)?.as_secs_f64());
        remove(&new)
    };
    for round in 1..=fulls {
        context.say(format!("durability: checkpoint {round} of {fulls}"));
        limit(&mut times)?;
        times.rewritten.push(raw.rewrite(&old, like)?.as_secs_f64());
        times.full(&world)?;
        if round == fulls {
            limit(&mut times)?;
        }
        for _ in 0..INCREMENTS {
            times.increment(&mut world)?;
        }
    }
    let files = verify_chain(&path)?;
    // Read-only, so that the writer's own memory shows nothing.
    world.bus = Bus::open_read_only(&path)?;
    world.verify_all()?;
    let mut outcome = Outcome::default();
    times.report(&mut outcome, (count, like), !context.quick())?;
    outcome.note(format!("a bus that opens from the last {files} checkpoints is the model, byte for byte"));
    Ok(outcome)
}

impl Times {
    fn full(&mut self, world: &World) -> Result<()> {
        sync(&world.bus)?;
        let (made, took) = timed(&world.bus)?;
        ensure!(made.is_full && made.page_count == world.pages() as u64, "not all pages: {made:?}");
        self.full_bytes = made.file_bytes;
        self.full.push(took.as_secs_f64());
        Ok(())
    }

    fn increment(&mut self, world: &mut World) -> Result<()> {
        let count = world.pages() / CHANGED_EVERY;
        world.renew(count);
        // One random page of each hundred: so many pages, none of them twice.
        for (index, change) in world.changes.iter_mut().enumerate() {
            let among = (change.page.get() as usize) % CHANGED_EVERY;
            change.page = PageId::new((index * CHANGED_EVERY + among + 1) as u64);
        }
        world.changes.chunks(COUNT).try_for_each(|chunk| commit(&world.bus, chunk).map(drop))?;
        world.shadow.apply(&world.changes);
        sync(&world.bus)?;
        let (made, took) = timed(&world.bus)?;
        // The sync before writes to one page more.
        let is_right = !made.is_full && (count..=count + 1).contains(&(made.page_count as usize));
        ensure!(is_right, "not the {count} pages that were changed: {made:?}");
        self.increments.push(took.as_secs_f64());
        self.increment_bytes.push(made.file_bytes as f64);
        Ok(())
    }

    fn report(&self, outcome: &mut Outcome, (count, like): (usize, u64), is_judged: bool) -> Result<()> {
        let name = format!("checkpoint of {count} pages");
        let rate = |bytes: u64, seconds: &f64| bytes as f64 / seconds / 1e9;
        let rates = self.full.iter().map(|seconds| rate(self.full_bytes, seconds));
        outcome.figure(&name, Unit::GigabytesPerSecond, Sample::of_long(rates.collect())?);
        let around = self.new_files.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
        let to_new = self.full.iter().zip(around).map(|(full, limit)| limit / full);
        outcome.figure(format!("{name}, to a new file"), Unit::Times, Sample::of_long(to_new.collect())?);
        outcome.bar(Must, AtLeast, 0.5);
        let to_old = self.full.iter().zip(&self.rewritten).map(|(full, limit)| limit / full);
        outcome.figure(
            format!("{name}, to a rewritten file"),
            Unit::Times,
            Sample::of_long(to_old.collect())?,
        );
        let (full, bytes) = (Sample::of_long(self.full.clone())?.median, self.full_bytes as f64);
        let times = Sample::of(self.increments.iter().map(|seconds| seconds / full).collect())?;
        outcome.figure("increment of 1 %, time to full", Unit::TimeShare, times);
        if is_judged {
            outcome.bar(Must, AtMost, 0.03).bar(Goal, AtMost, 0.015);
        } else {
            outcome
                .note("increment of 1 %: its time is not judged: of files this short, syncs are most of it");
        }
        let shares = Sample::of(self.increment_bytes.iter().map(|some| some / bytes).collect())?;
        outcome.figure("increment of 1 %, bytes to full", Unit::Share, shares).bar(Must, AtMost, 0.015);
        let median = |seconds: &[f64]| Sample::of_long(seconds.to_vec()).map(|sample| sample.median);
        let (new, old) = (median(&self.new_files)?, median(&self.rewritten)?);
        outcome.note(format!(
            "{name}: {} repeats; raw write + fsync of {like} bytes: a new file {:.2} GB/s, a rewritten one {:.2}",
            self.full.len(),
            rate(like, &new),
            rate(like, &old),
        ));
        let each = Sample::of(self.increments.clone())?.median * 1e3;
        outcome
            .note(format!("increment of 1 %: {each:.1} ms, syncs of file, directory and manifest included"));
        Ok(())
    }
}

fn timed(bus: &Bus) -> Result<(Checkpointed, Duration)> {
    let watch = Stopwatch::start();
    let made = bus.checkpoint()?;
    Ok((made, watch.elapsed()))
}
