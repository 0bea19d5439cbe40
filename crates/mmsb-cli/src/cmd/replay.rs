//! `mmsb replay --verify`: does the log make the states that were in memory?

use std::path::PathBuf;

use mmsb::{ReplayDifference, ReplayVerified, verify_replay};
use serde::Serialize;

use super::Outcome;
use crate::{
    progress::Progress,
    render::{Out, count, unless_gone},
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

#[derive(Serialize)]
struct Report {
    first: u64,
    last: u64,
    hash: String,
    hash_count: u64,
    checkpoint_count: u64,
    equal: u64,
    difference: Option<JsonDifference>,
}

#[derive(Serialize)]
struct JsonDifference {
    epoch: u64,
    what: String,
    page: Option<u64>,
    checkpoint: Option<u64>,
}

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

impl JsonDifference {
    fn of(told: &ReplayDifference) -> Self {
        let (page, checkpoint) = told.page.map(|(page, at)| (page.get(), at.get())).unzip();
        Self { epoch: told.epoch.get(), what: told.to_string(), page, checkpoint }
    }
}

impl Report {
    fn of(verified: &ReplayVerified) -> Self {
        Self {
            first: verified.first.get(),
            last: verified.last.get(),
            hash: verified.hash.to_string(),
            hash_count: verified.hash_count,
            checkpoint_count: verified.checkpoint_count,
            equal: verified.equal.get(),
            difference: verified.difference.as_ref().map(JsonDifference::of),
        }
    }

    fn print(&self, out: &mut Out) -> std::io::Result<()> {
        let [hashes, checkpoints] = [self.hash_count, self.checkpoint_count].map(count);
        let replayed = format!(
            "e{} to e{} replayed, {hashes} hashes and {checkpoints} checkpoints compared",
            self.first, self.last
        );
        match &self.difference {
            None if self.equal == self.first => {
                out.line(format_args!("{replayed}: nothing to compare with"))?
            }
            None => out.line(format_args!(
                "{}: {replayed}; equal up to e{}",
                out.paint.good("sound"),
                self.equal
            ))?,
            Some(told) => {
                out.line(format_args!("{}: {}", out.paint.bad("different"), told.what))?;
                return out.line(format_args!("{replayed}; equal up to e{}", self.equal));
            }
        }
        out.line(format_args!("e{} is {}", self.last, self.hash))
    }
}
