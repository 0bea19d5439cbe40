//! Line 2, `integrity`: is every delta validated, and every corruption told, with its place?
//!
//! A run of random transactions with propagation is validated commit by commit: no delta is an orphan, passes its page or
//! overlaps another one. That is timed, a delta.
//!
//! A small bus of a closed log and a checkpoint is then damaged in every way, one at a time: each bit of each file
//! flipped; each file cut at every byte; two neighbouring records of the log swapped, one written over the next, one
//! taken from another run of the same program. Each must be told by its file and the record or block that holds it. What
//! still opens after a cut must be a state that there was.

mod damage;
mod orders;
mod small;

use std::{path::Path, sync::Arc};

use anyhow::{Result, ensure};
use mmsb::{
    Bus, CheckpointEvery,
    validate::commits_of,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_tlog::LogDir;

use self::small::Small;
use crate::{Context, Line, Outcome, Sample, Unit, clock::Stopwatch, field::Field};

inventory::submit! {
    Line {
        name: "integrity",
        number: Some(2),
        question: "is every delta validated, and every corruption told?",
        faults: &["orphan", "overlap", "unseen-flip"],
        run,
    }
}

const CYCLES: [u64; 3] = [100_000, 5_000, 200];
const BUS: &str = "/bus";

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    validate(context, &mut outcome)?;
    let small = Small::new(1)?;
    context.say("integrity: every bit");
    let (count, sample) = damage::flips(context, &small)?;
    outcome.figure("a flipped bit found", Unit::Microseconds, sample);
    let sizes: Vec<_> = small.files.iter().map(|(name, bytes)| format!("{name} {} B", bytes.len())).collect();
    outcome.note(format!("{count} of {count} flipped bits told with their place: {}", sizes.join(", ")));
    context.say("integrity: every length");
    outcome
        .note(format!("{} cuts told, what opens is a state that there was", damage::cuts(context, &small)?));
    outcome.note(orders::all(&small)?);
    Ok(outcome)
}

/// Validates every delta of a run.
fn validate(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let disk = Arc::new(MemoryVfs::new());
    let cycles = context.size().pick(CYCLES);
    context.say("integrity: a run");
    let run_count = make(context, Arc::clone(&disk) as Arc<dyn Vfs>, cycles)?;
    let dir = LogDir::open(disk, Path::new(BUS))?;
    if let Some(fault) = context.fault() {
        small::append(&dir, fault)?;
    }
    let mut nanos = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        let found = commits_of(&dir)?;
        nanos.push(watch.elapsed().as_secs_f64() * 1e9 / run_count as f64);
        ensure!(found.is_empty(), "{} violations: {}", found.len(), found[0]);
    }
    outcome.figure("a delta validated", Unit::Nanoseconds, Sample::of(nanos)?);
    outcome.note(format!("{run_count} deltas of {cycles} commits: 0 orphans, 0 violations"));
    Ok(())
}

fn make(context: &Context, disk: Arc<dyn Vfs>, cycles: u64) -> Result<u64> {
    let builder = Bus::builder().checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None);
    let mut field = Field::new(builder.create_on(disk, Path::new(BUS))?, context.random())?;
    (0..cycles).try_for_each(|_| field.cycle())?;
    let run_count = field.bus.log_report()?.total.run_count;
    field.bus.stop()?;
    Ok(run_count)
}
