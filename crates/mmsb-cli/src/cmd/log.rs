//! `mmsb log`: the commits, oldest first.

mod commits;
mod events;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::ensure;
use mmsb::{Bus, CommitInfo, Epoch, Error, Event, Found, Query};

use super::Outcome;
use crate::{
    args::{PageRef, Range, When},
    render::Out,
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
    /// Tells what each commit did, thing by thing: pages created, deleted, named; edges, registrations and flags; derived
    /// pages computed, and for which inputs; the runs of bytes it wrote. A line a commit.
    #[arg(long)]
    events: bool,
    /// Prints one JSON object a commit.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: epoch, label, timestamp_nanos, tag, site, lsn (where its frame starts), frame_bytes, pages (ids of \
those whose bytes it changed), run_count, payload_bytes, events (objects with kind: created, deleted or named; \
page, and page_bytes and name where they apply), graph (objects with kind: edge_added or edge_removed, with source, \
target, edge; derived, with page, function, version, inputs; underived, stale or fresh, with page). With --events: epoch, label, timestamp_nanos, tag, site, events and graph \
alike; rewinds_to (an epoch, if it is a rewind), computed (objects with page and inputs: page ids), runs (objects with \
page, offset, length).";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    if args.events {
        let told = select(args, &bus, Query::events, |event: &Event| event.epoch)?;
        told.iter().try_for_each(|event| match args.json {
            true => out.json(&events::json(event)),
            false => out.line(event),
        })?;
        return Ok(Outcome::Same);
    }
    let found = select(args, &bus, Query::run, |commit: &CommitInfo| commit.epoch)?;
    if args.json {
        found.iter().try_for_each(|commit| out.json(&commits::json(commit)))?;
    } else {
        out.line(commits::table(&found))?;
    }
    Ok(Outcome::Same)
}

/// How a query is run.
type Find<'b, T> = fn(Query<'b>) -> Result<Found<T>, Error>;

fn select<'b, T>(
    args: &Args,
    bus: &'b Bus,
    find: Find<'b, T>,
    epoch: fn(&T) -> Epoch,
) -> anyhow::Result<Vec<T>> {
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
    let Some(page) = &args.page else { return newest(find(query)?, args.limit) };
    // A name stands for every page that ever bore it; a commit may touch several of them.
    let mut found = BTreeMap::new();
    for page in page.find_ever(bus)? {
        let commits = newest(find(query.clone().page(page))?, args.limit)?;
        found.extend(commits.into_iter().map(|commit| (epoch(&commit), commit)));
    }
    let more = found.len().saturating_sub(args.limit.unwrap_or(usize::MAX));
    Ok(found.into_values().skip(more).collect())
}

/// Returns the newest of those found, which come newest first; oldest first.
fn newest<T>(found: Found<T>, limit: Option<usize>) -> anyhow::Result<Vec<T>> {
    let mut found = found.take(limit.unwrap_or(usize::MAX)).collect::<Result<Vec<_>, _>>()?;
    found.reverse();
    Ok(found)
}
