//! `mmsb info`: what a bus is, on one page.

use std::{collections::BTreeMap, path::PathBuf};

use mmsb::{Bus, CommitInfo, Label};
use serde::Serialize;

use super::Outcome;
use crate::render::{JsonCheckpoint, JsonPath, JsonSegment, JsonTag, Out, count, facts};

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
JSON keys: bus, instance (which run it is), oldest and newest (epochs), page_count, page_bytes, log_bytes, \
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
    log_bytes: u64,
    segments: Vec<JsonSegment>,
    checkpoints: Vec<JsonCheckpoint>,
    state_tags: Vec<JsonTag>,
    #[serde(flatten)]
    by: By,
}

/// What the commits say of themselves.
#[derive(Default, Serialize)]
struct By {
    label_count: u64,
    label_min: Option<u64>,
    label_max: Option<u64>,
    tags: BTreeMap<String, u64>,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let info = Info::of(args, &bus)?;
    out.answer(args.json, &info, report)?;
    Ok(Outcome::Same)
}

impl<'a> Info<'a> {
    fn of(args: &'a Args, bus: &Bus) -> Result<Self, mmsb::Error> {
        let stats = bus.stats();
        let mut by = By::default();
        bus.commits()?.try_for_each(|commit| commit.map(|commit| by.add(commit)))?;
        Ok(Self {
            bus: JsonPath(&args.bus),
            instance: bus.instance().to_string(),
            oldest: stats.oldest.get(),
            newest: stats.epoch.get(),
            page_count: stats.page_count,
            page_bytes: stats.page_bytes,
            log_bytes: stats.log_bytes,
            segments: bus.segments().iter().map(Into::into).collect(),
            checkpoints: bus.checkpoints().iter().map(Into::into).collect(),
            state_tags: bus.tags().into_iter().map(Into::into).collect(),
            by,
        })
    }
}

impl By {
    fn add(&mut self, commit: CommitInfo) {
        if let Some(label) = commit.label.map(Label::get) {
            self.label_count += 1;
            self.label_min = Some(self.label_min.map_or(label, |min| min.min(label)));
            self.label_max = Some(self.label_max.map_or(label, |max| max.max(label)));
        }
        if let Some(tag) = commit.source.tag {
            *self.tags.entry(tag).or_default() += 1;
        }
    }

    fn labels(&self) -> String {
        match (self.label_min, self.label_max) {
            (Some(min), Some(max)) => {
                format!("label:{min} to label:{max}, on {} commits", count(self.label_count))
            }
            _ => "none".to_owned(),
        }
    }

    fn tags(&self) -> String {
        let tags = self.tags.iter().map(|(tag, number)| format!("{tag} ({})", count(*number)));
        let tags: Vec<String> = tags.collect();
        if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
    }
}

fn report(info: &Info<'_>) -> String {
    facts([
        ("bus", info.bus.0.display().to_string()),
        ("instance", info.instance.clone()),
        ("epochs", format!("e{} to e{}", info.oldest, info.newest)),
        ("labels", info.by.labels()),
        ("tags", info.by.tags()),
        ("pages", format!("{}, {} bytes", count(info.page_count), count(info.page_bytes))),
        ("log", format!("{} bytes, {} segments", count(info.log_bytes), count(info.segments.len() as u64))),
        ("checkpoints", checkpoints(&info.checkpoints)),
        ("states by name", state_tags(&info.state_tags)),
    ])
}

fn checkpoints(all: &[JsonCheckpoint]) -> String {
    let Some(newest) = all.last() else { return "none".to_owned() };
    let (full, bytes) =
        (all.iter().filter(|one| one.parent.is_none()).count(), all.iter().map(|one| one.bytes).sum());
    let number = count(all.len() as u64);
    format!("{number}, {} full, {} bytes; newest e{}", count(full as u64), count(bytes), newest.epoch)
}

fn state_tags(tags: &[JsonTag]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("{} (e{})", tag.name, tag.epoch)).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
}
