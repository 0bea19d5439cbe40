//! `mmsb stats`: how much of everything a bus holds.

mod log_report;
mod report;
mod totals;

use std::path::PathBuf;

use mmsb::Bus;

use self::totals::Totals;
use super::Outcome;
use crate::render::Out;

/// Counts what a bus holds: commits, deltas, pages, memory, log.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Tells of the log alone: its files, who made the commits, which pages they changed most.
    #[arg(long)]
    log: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: oldest and newest (epochs), commit_count, run_count, payload_bytes (what the runs stored), \
frame_bytes (all commits in the log), frame_bytes_max (the largest), created_count and deleted_count (pages), \
page_count and page_bytes (live ones), slot_bytes (memory they occupy), overhead_bytes_per_page, log_bytes, \
segment_count, checkpoint_count, checkpoint_bytes (their files), checkpoint (epoch of the newest; 0 for none).
With --log: total (an object with bytes, commit_count, bytes_per_commit, mark_count, sync_count, state_count, \
label_count, created_count, deleted_count, run_count, payload_bytes, frame_bytes, frame_bytes_max), segments (such \
objects with segment, first_lsn and first, its first commit), pages (the ten that most commits changed: page, \
commit_count), tags and sites (text, commit_count).";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    if args.log {
        return log_report::run(&bus, args.json, out);
    }
    let mut totals = Totals::of(&bus);
    for commit in bus.commits()? {
        totals.add(&commit?);
    }
    out.answer(args.json, &totals, Totals::report)?;
    Ok(Outcome::Same)
}
