//! `mmsb log`: the commits, oldest first.

use std::{
    collections::{BTreeSet, VecDeque},
    path::PathBuf,
};

use anyhow::ensure;
use mmsb::{Bus, CommitInfo, Epoch, PageEvent, PageId};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::{PageRef, When},
    render::{JsonSource, Out, Table, count},
};

/// Lists commits, oldest first: who made them, and how much they changed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Only from this state on.
    #[arg(long, value_name = "EPOCH")]
    from: Option<When>,
    /// Only up to this state.
    #[arg(long, value_name = "EPOCH")]
    to: Option<When>,
    /// Only commits that changed this page.
    #[arg(long)]
    page: Option<PageRef>,
    /// Only the newest N of them.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Prints one JSON object a commit.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: epoch, label, timestamp_nanos, tag, site, lsn (where its frame starts), frame_bytes, pages (ids of \
those whose bytes it changed), run_count, payload_bytes, events (objects with kind: created, deleted or named; \
page, and page_bytes and name where they apply).";

#[derive(Serialize)]
struct JsonCommit<'a> {
    epoch: u64,
    label: Option<u64>,
    timestamp_nanos: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    lsn: u64,
    frame_bytes: usize,
    pages: Vec<u64>,
    run_count: usize,
    payload_bytes: usize,
    events: Vec<JsonEvent<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum JsonEvent<'a> {
    Created { page: u64, page_bytes: u32, name: Option<&'a str> },
    Deleted { page: u64 },
    Named { page: u64, name: Option<&'a str> },
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let commits = select(args, &Bus::open_read_only(&args.bus)?)?;
    if args.json {
        commits.iter().try_for_each(|commit| out.json(&json(commit)))?;
    } else {
        out.line(table(&commits))?;
    }
    Ok(Outcome::Same)
}

fn select(args: &Args, bus: &Bus) -> anyhow::Result<VecDeque<CommitInfo>> {
    let from = args.from.map_or(Ok(Epoch::ZERO), |when| when.epoch(bus))?;
    let to = args.to.map_or(Ok(bus.epoch()), |when| when.epoch(bus))?;
    ensure!(from <= to, "--from {from} is later than --to {to}: swap them");
    let pages = args.page.as_ref().map(|page| page.find_ever(bus)).transpose()?;
    let mut selected = VecDeque::new();
    for commit in bus.commits()? {
        let commit = commit?;
        if commit.epoch > to {
            break;
        }
        if commit.epoch >= from && pages.as_ref().is_none_or(|pages| touches(&commit, pages)) {
            selected.push_back(commit);
        }
        if args.limit.is_some_and(|limit| selected.len() > limit) {
            selected.pop_front();
        }
    }
    Ok(selected)
}

fn touches(commit: &CommitInfo, pages: &BTreeSet<PageId>) -> bool {
    let mut touched = commit.pages.iter().copied().chain(commit.events.iter().map(PageEvent::page));
    touched.any(|page| pages.contains(&page))
}

fn table(commits: &VecDeque<CommitInfo>) -> Table {
    let heads = ["#epoch", "#label", "by", "#pages", "#runs", "#bytes", "#frame bytes", "catalogue"];
    let mut table = Table::new(&heads);
    for commit in commits {
        let by = if commit.source.is_unknown() { String::new() } else { commit.source.to_string() };
        table.row([
            commit.epoch.to_string(),
            commit.label.map_or(String::new(), |label| label.get().to_string()),
            by,
            count(commit.pages.len() as u64),
            count(commit.run_count as u64),
            count(commit.payload_bytes as u64),
            count(commit.frame_bytes as u64),
            catalogue(&commit.events),
        ]);
    }
    table
}

fn catalogue(events: &[PageEvent]) -> String {
    let number = |of: fn(&PageEvent) -> bool| events.iter().filter(|event| of(event)).count();
    let kinds = [
        (number(|event| matches!(event, PageEvent::Created { .. })), "created"),
        (number(|event| matches!(event, PageEvent::Deleted { .. })), "deleted"),
        (number(|event| matches!(event, PageEvent::Named { .. })), "named"),
    ];
    let told = kinds.iter().filter(|(number, _)| *number > 0);
    told.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

fn json(commit: &CommitInfo) -> JsonCommit<'_> {
    JsonCommit {
        epoch: commit.epoch.get(),
        label: commit.label.map(|label| label.get()),
        timestamp_nanos: commit.timestamp_nanos,
        source: (&commit.source).into(),
        lsn: commit.lsn.get(),
        frame_bytes: commit.frame_bytes,
        pages: commit.pages.iter().map(|page| page.get()).collect(),
        run_count: commit.run_count,
        payload_bytes: commit.payload_bytes,
        events: commit.events.iter().map(json_event).collect(),
    }
}

fn json_event(event: &PageEvent) -> JsonEvent<'_> {
    let page = event.page().get();
    match event {
        PageEvent::Created { page_bytes, name, .. } => {
            JsonEvent::Created { page, page_bytes: *page_bytes, name: name.as_deref() }
        }
        PageEvent::Deleted { .. } => JsonEvent::Deleted { page },
        PageEvent::Named { name, .. } => JsonEvent::Named { page, name: name.as_deref() },
    }
}
