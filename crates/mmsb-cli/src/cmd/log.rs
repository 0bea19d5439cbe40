//! `mmsb log`: the commits, oldest first.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::ensure;
use mmsb::{Bus, CommitInfo, Epoch, GraphEvent, PageEvent, Query};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::{PageRef, Range, When},
    render::{JsonGraphEvent, JsonSource, Out, Table, count},
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
    /// Only commits that make these states: A..B, both included.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["from", "to"])]
    epochs: Option<Range>,
    /// Only commits that changed this page.
    #[arg(long)]
    page: Option<PageRef>,
    /// Only commits with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// Only commits begun at this place in the code.
    #[arg(long, value_name = "PATH:LINE")]
    site: Option<String>,
    /// Only commits with a label from A to B, both included.
    #[arg(long, value_name = "A..B")]
    label: Option<Range>,
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
page, and page_bytes and name where they apply), graph (objects with kind: edge_added or edge_removed, with source, \
target, edge; derived, with page, function, version, inputs; underived, stale or fresh, with page).";

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
    graph: Vec<JsonGraphEvent<'a>>,
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

fn select(args: &Args, bus: &Bus) -> anyhow::Result<Vec<CommitInfo>> {
    let from = args.from.map_or(Ok(Epoch::ZERO), |when| when.epoch(bus))?;
    let to = args.to.map_or(Ok(bus.epoch()), |when| when.epoch(bus))?;
    ensure!(from <= to, "--from {from} is later than --to {to}: swap them");
    let mut query = bus.query().newest_first();
    query = match &args.epochs {
        Some(range) => query.epochs(Epoch::new(*range.ends().start())..=Epoch::new(*range.ends().end())),
        None => query.epochs(from..=to),
    };
    if let Some(tag) = &args.tag {
        query = query.tag(tag);
    }
    if let Some(site) = &args.site {
        query = query.site(site);
    }
    if let Some(labels) = &args.label {
        query = query.label(labels.ends());
    }
    let Some(page) = &args.page else { return newest(query, args.limit) };
    // A name stands for every page that ever bore it; a commit may touch several of them.
    let mut found = BTreeMap::new();
    for page in page.find_ever(bus)? {
        let commits = newest(query.clone().page(page), args.limit)?;
        found.extend(commits.into_iter().map(|commit| (commit.epoch, commit)));
    }
    let more = found.len().saturating_sub(args.limit.unwrap_or(usize::MAX));
    Ok(found.into_values().skip(more).collect())
}

/// Returns the newest commits that the query finds, oldest first.
fn newest(query: Query<'_>, limit: Option<usize>) -> anyhow::Result<Vec<CommitInfo>> {
    let mut found = query.run()?.take(limit.unwrap_or(usize::MAX)).collect::<Result<Vec<_>, _>>()?;
    found.reverse();
    Ok(found)
}

fn table(commits: &[CommitInfo]) -> Table {
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
            told([catalogue(&commit.events), graph(&commit.graph)].concat()),
        ]);
    }
    table
}

fn catalogue(events: &[PageEvent]) -> Vec<(usize, &'static str)> {
    let number = |of: fn(&PageEvent) -> bool| events.iter().filter(|event| of(event)).count();
    vec![
        (number(|event| matches!(event, PageEvent::Created { .. })), "created"),
        (number(|event| matches!(event, PageEvent::Deleted { .. })), "deleted"),
        (number(|event| matches!(event, PageEvent::Named { .. })), "named"),
    ]
}

fn graph(events: &[GraphEvent]) -> Vec<(usize, &'static str)> {
    let number = |of: fn(&GraphEvent) -> bool| events.iter().filter(|event| of(event)).count();
    vec![
        (number(|event| matches!(event, GraphEvent::EdgeAdded(_))), "linked"),
        (number(|event| matches!(event, GraphEvent::EdgeRemoved(_))), "unlinked"),
        (number(|event| matches!(event, GraphEvent::Derived { .. })), "derived"),
        (number(|event| matches!(event, GraphEvent::Underived { .. })), "underived"),
        (number(|event| matches!(event, GraphEvent::Stale { .. })), "stale"),
        (number(|event| matches!(event, GraphEvent::Fresh { .. })), "fresh"),
    ]
}

fn told(kinds: Vec<(usize, &'static str)>) -> String {
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
        graph: commit.graph.iter().map(JsonGraphEvent::from).collect(),
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
