//! `mmsb info`: what a bus is, on one page.

mod by;
mod report;

use std::path::PathBuf;

use mmsb::Bus;
use serde::Serialize;

use self::by::By;
use super::Outcome;
use crate::render::{JsonCheckpoint, JsonPath, JsonSegment, JsonTag, Out};

/// Tells what a bus holds: epochs, labels, tags, pages, log, checkpoints.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: bus, instance (which run it is), oldest and newest (epochs), page_count, page_bytes, edge_count, \
derived_count and stale_count (edges between pages; derived and stale pages), log_bytes, \
label_count (commits with a label), label_min, label_max, tags (commits by tag), segments (objects with number, \
first (epoch), bytes), checkpoints (objects with epoch, parent (epoch; null if full), bytes), state_tags (objects \
with name, epoch).";

#[derive(Serialize)]
struct Info<'a> {
    bus: JsonPath<'a>,
    instance: String,
    oldest: u64,
    newest: u64,
    page_count: u64,
    page_bytes: u64,
    edge_count: usize,
    derived_count: usize,
    stale_count: usize,
    log_bytes: u64,
    segments: Vec<JsonSegment>,
    checkpoints: Vec<JsonCheckpoint>,
    state_tags: Vec<JsonTag>,
    #[serde(flatten)]
    by: By,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let info = Info::of(args, &bus)?;
    out.answer(args.json, &info, Info::report)?;
    Ok(Outcome::Same)
}

impl<'a> Info<'a> {
    fn of(args: &'a Args, bus: &Bus) -> Result<Self, mmsb::Error> {
        let (stats, graph) = (bus.stats(), bus.graph()?);
        let mut by = By::default();
        bus.commits()?.try_for_each(|commit| commit.map(|commit| by.add(commit)))?;
        Ok(Self {
            bus: JsonPath(&args.bus),
            instance: bus.instance().to_string(),
            oldest: stats.oldest.get(),
            newest: stats.epoch.get(),
            page_count: stats.pages.count,
            page_bytes: stats.pages.bytes,
            edge_count: graph.edge_count(),
            derived_count: graph.derived().len(),
            stale_count: graph.stale().len(),
            log_bytes: stats.log.bytes,
            segments: bus.segments().iter().map(Into::into).collect(),
            checkpoints: bus.checkpoints().iter().map(Into::into).collect(),
            state_tags: bus.tags().into_iter().map(Into::into).collect(),
            by,
        })
    }
}
