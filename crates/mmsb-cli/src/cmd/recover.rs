//! `mmsb recover`: what a crash left, and what is done about it.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use anyhow::ensure;
use mmsb::{Bus, OpenProgress, OpenStage};

use super::{Outcome, changer};
use crate::{
    progress::Progress,
    render::{Out, unless_gone},
};

/// Recovers a bus after a crash: opens it, cuts what never was durable, and stops it.
///
/// Any program that opens the bus for writing does the same. With --plan, tells what would be done, and changes
/// nothing: from which checkpoint the bus starts and which ones cannot be read, how much log is replayed, what is
/// cut, removed or quarantined. Exit code 0: done, or nothing to do; 2: it cannot be recovered.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Tells what would be done; changes nothing.
    #[arg(long)]
    plan: bool,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let plan = Bus::plan_recovery(&args.bus)?;
    unless_gone(out.line(&plan))?;
    if !args.plan {
        let bar = Bar::default();
        let bus = changer().on_progress(move |told| bar.tell(told)).open(&args.bus)?;
        let epoch = bus.epoch();
        bus.stop()?;
        ensure!(epoch == plan.epoch, "the bus opened at {epoch}: somebody else has changed it meanwhile");
        unless_gone(out.line("done, and closed"))?;
    }
    Ok(Outcome::Same)
}

/// A bar for each stage, one after the other: the stage, how far it was, and the bar.
#[derive(Default)]
struct Bar(Mutex<Option<(OpenStage, u64, Progress)>>);

impl Bar {
    fn tell(&self, told: OpenProgress) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.as_ref().is_none_or(|&(stage, done, _)| stage != told.stage || done > told.done_bytes) {
            let what = if told.stage == OpenStage::Log { "replaying" } else { "loading" };
            *shown = Some((told.stage, 0, Progress::bytes(what, Some(told.total_bytes))));
        }
        if let Some((_, done, bar)) = shown.as_mut() {
            bar.advance(told.done_bytes - *done);
            *done = told.done_bytes;
        }
    }
}
