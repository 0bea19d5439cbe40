//! `mmsb replay --verify`: does the log make the states that were in memory?

mod report;

use std::path::PathBuf;

use mmsb::verify_replay;

use self::report::Report;
use super::Outcome;
use crate::{
    progress::Progress,
    render::{Out, unless_gone},
};

/// Replays a bus's log, and compares it with the hashes of states that it tells, and with every checkpoint.
///
/// Hashes are told where the program asked for them (`Builder::state_hash_every`). Exit code 0: all agree, 2: a state
/// differs, and the first one is named. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Compares what is replayed.
    #[arg(long, required = true)]
    verify: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: first and last (epochs that were replayed), hash (of the last state), hash_count and checkpoint_count \
(what was compared), equal (the last epoch that was compared and agrees), difference (null, or an object with epoch, \
what, and page and checkpoint where a checkpoint tells the page).";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    debug_assert!(args.verify, "the command line asks for it");
    let progress = Progress::bytes("replaying", None);
    let verified = verify_replay(&args.bus, |now| progress.set(now.log_bytes, now.log_total))?;
    drop(progress);
    let report = Report::of(&verified);
    unless_gone(if args.json { out.json(&report) } else { report.print(out) })?;
    Ok(if report.difference.is_none() { Outcome::Same } else { Outcome::Failed })
}
