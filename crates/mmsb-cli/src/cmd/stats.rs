//! `mmsb stats`: how much of everything a bus holds.

mod log_report;
mod report;
mod totals;
mod watch;

use std::{path::PathBuf, time::Duration};

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
    /// Looks again and again, while another program writes the bus: what it holds, and how fast it grows.
    #[arg(long, conflicts_with = "log")]
    watch: bool,
    /// Looks so many seconds apart.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, requires = "watch")]
    every: Duration,
    /// Looks so many times, not until it is interrupted.
    #[arg(long, value_name = "LOOKS", requires = "watch")]
    count: Option<u64>,
}

const JSON: &str = "\
JSON keys: oldest and newest (epochs), commit_count, run_count, payload_bytes (what the runs stored), \
frame_bytes (all commits in the log), frame_bytes_max (the largest), created_count and deleted_count (pages), \
page_count and page_bytes (live ones), slot_bytes (memory they occupy), overhead_bytes_per_page, log_bytes, \
segment_count, checkpoint_count, checkpoint_bytes (their files), checkpoint (epoch of the newest; 0 for none).
With --log: total (an object with bytes, commit_count, bytes_per_commit, mark_count, sync_count, state_count, \
label_count, created_count, deleted_count, run_count, payload_bytes, frame_bytes, frame_bytes_max), segments (such \
objects with segment, first_lsn and first, its first commit), pages (the ten that most commits changed: page, \
commit_count), tags and sites (text, commit_count).
With --watch an object each time: epoch, commits_per_second (since the one before), page_count, page_bytes, log_bytes, \
log_bytes_per_second, segment_count, checkpoint_count, checkpoint.";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    if args.watch {
        return watch::run(&args.bus, args.json, args.every, args.count.unwrap_or(u64::MAX), out);
    }
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

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
