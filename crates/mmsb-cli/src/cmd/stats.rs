//! `mmsb stats`: how much of everything a bus holds.

mod log_report;

use std::path::PathBuf;

use mmsb::{Bus, CommitInfo, PageEvent};
use serde::Serialize;

use super::Outcome;
use crate::render::{Out, count, facts};

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

#[derive(Default, Serialize)]
struct Totals {
    oldest: u64,
    newest: u64,
    commit_count: u64,
    run_count: u64,
    payload_bytes: u64,
    frame_bytes: u64,
    frame_bytes_max: u64,
    created_count: u64,
    deleted_count: u64,
    page_count: u64,
    page_bytes: u64,
    slot_bytes: u64,
    overhead_bytes_per_page: f64,
    log_bytes: u64,
    segment_count: u64,
    checkpoint_count: u64,
    checkpoint_bytes: u64,
    checkpoint: u64,
}

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

impl Totals {
    fn of(bus: &Bus) -> Self {
        let (stats, checkpoints) = (bus.stats(), bus.checkpoints());
        Self {
            oldest: stats.oldest.get(),
            newest: stats.epoch.get(),
            page_count: stats.page_count,
            page_bytes: stats.page_bytes,
            slot_bytes: stats.slot_bytes,
            overhead_bytes_per_page: stats.overhead_bytes_per_page,
            log_bytes: stats.log_bytes,
            segment_count: bus.segments().len() as u64,
            checkpoint_count: checkpoints.len() as u64,
            checkpoint_bytes: checkpoints.iter().map(|one| one.bytes).sum(),
            checkpoint: stats.checkpoint.get(),
            ..Self::default()
        }
    }

    fn add(&mut self, commit: &CommitInfo) {
        let number =
            |of: fn(&PageEvent) -> bool| commit.events.iter().filter(|event| of(event)).count() as u64;
        self.commit_count += 1;
        self.run_count += commit.run_count as u64;
        self.payload_bytes += commit.payload_bytes as u64;
        self.frame_bytes += commit.frame_bytes as u64;
        self.frame_bytes_max = self.frame_bytes_max.max(commit.frame_bytes as u64);
        self.created_count += number(|event| matches!(event, PageEvent::Created { .. }));
        self.deleted_count += number(|event| matches!(event, PageEvent::Deleted { .. }));
    }

    fn report(&self) -> String {
        let bytes = |number| format!("{} bytes", count(number));
        facts([
            ("epochs", format!("e{} to e{}", self.oldest, self.newest)),
            ("commits", count(self.commit_count)),
            ("deltas", format!("{} runs, {}", count(self.run_count), bytes(self.payload_bytes))),
            ("frames", self.frames()),
            ("log", format!("{} in {} segments", bytes(self.log_bytes), count(self.segment_count))),
            ("checkpoints", self.checkpoints()),
            ("pages", self.pages()),
            ("memory", self.memory()),
        ])
    }

    fn frames(&self) -> String {
        let mean = self.frame_bytes.checked_div(self.commit_count).unwrap_or(0);
        let [sum, mean, max] = [self.frame_bytes, mean, self.frame_bytes_max].map(count);
        format!("{sum} bytes; mean {mean}, largest {max}")
    }

    fn checkpoints(&self) -> String {
        let [number, bytes] = [self.checkpoint_count, self.checkpoint_bytes].map(count);
        format!("{number}, {bytes} bytes; newest e{}", self.checkpoint)
    }

    fn pages(&self) -> String {
        let [live, created, deleted] = [self.page_count, self.created_count, self.deleted_count].map(count);
        format!("{live} live, {created} created, {deleted} deleted")
    }

    fn memory(&self) -> String {
        let [pages, slots] = [self.page_bytes, self.slot_bytes].map(count);
        let overhead = self.overhead_bytes_per_page;
        format!("{pages} bytes in pages, {slots} bytes in slots, {overhead:.1} more a page")
    }
}
