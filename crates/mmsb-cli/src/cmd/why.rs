//! `mmsb why`: where a page's bytes come from.

use std::{ops::Bound, path::PathBuf};

use mmsb::{Bus, Provenance, WhyHow, WhyStep};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::{PageRef, Range, When},
    render::{JsonSource, Out},
};

/// Tells why a page is as it is: the commit that changed it last, or that wrote each of its bytes last, the inputs it
/// was computed from, and so on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// The page.
    page: PageRef,
    /// As of which state; the newest, if not said.
    #[arg(long, value_name = "EPOCH")]
    at: Option<When>,
    /// Tells who wrote each of these bytes last: `A..B`, both included, `A..`, `..B`, `..`, or one byte's place.
    #[arg(long, value_name = "BYTES")]
    range: Option<Range>,
    /// Changes up to so many steps away.
    #[arg(long, value_name = "STEPS", default_value_t = 32)]
    depth: u32,
    /// Prints one JSON object a step.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: page, runs (of the bytes asked for, each with offset and length), depth (steps from the page asked about), \
epoch, label, tag, site, how (written, created, deleted, computed, rewound, gone: older than the oldest state kept, or \
unread: older than what was read), inputs (page ids, where computed), target (an epoch, where rewound), cut (it was \
made of more, deeper than asked). Where something was cut, a last object has truncated_at (that depth, or null) and \
left_count (pages that were not looked at).";

#[derive(Serialize)]
struct JsonStep<'a> {
    page: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<JsonRun>,
    depth: u32,
    epoch: u64,
    label: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    #[serde(flatten)]
    how: JsonHow,
    cut: bool,
}

#[derive(Serialize)]
#[serde(tag = "how", rename_all = "lowercase")]
enum JsonHow {
    Written,
    Created,
    Deleted,
    Computed { inputs: Vec<u64> },
    Rewound { target: u64 },
    Gone,
    Unread,
}

#[derive(Serialize)]
struct JsonRun {
    offset: u32,
    length: u32,
}

#[derive(Serialize)]
struct JsonRest {
    truncated_at: Option<u32>,
    left_count: usize,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let past = args.at.unwrap_or(When::Newest).past(&bus)?;
    let page = args.page.find_in(&past)?;
    let why = bus.why(page).at(past.epoch()).depth_max(args.depth);
    let why = match &args.range {
        Some(range) => why.bytes(bounds(range)),
        None => why,
    };
    let found = why.run()?;
    if !args.json {
        out.line(&found)?;
        return Ok(Outcome::Same);
    }
    found.steps.iter().try_for_each(|step| out.json(&json(step)))?;
    json_rest(&found).map_or(Ok(()), |rest| out.json(&rest))?;
    Ok(Outcome::Same)
}

/// Returns the bytes meant; a place that no page has stays one.
fn bounds(range: &Range) -> (Bound<u32>, Bound<u32>) {
    let (first, last) = range.ends().into_inner();
    let byte = |place: u64| u32::try_from(place).unwrap_or(u32::MAX);
    let end = if last == u64::MAX { Bound::Unbounded } else { Bound::Included(byte(last)) };
    (Bound::Included(byte(first)), end)
}

fn json_rest(found: &Provenance) -> Option<JsonRest> {
    let truncated_at = found.is_truncated().then_some(found.depth_max);
    let is_cut = truncated_at.is_some() || found.left_count > 0;
    is_cut.then_some(JsonRest { truncated_at, left_count: found.left_count })
}

fn json(step: &WhyStep) -> JsonStep<'_> {
    JsonStep {
        page: step.page.get(),
        runs: step.bytes.iter().map(|run| JsonRun { offset: run.offset, length: run.len }).collect(),
        depth: step.depth,
        epoch: step.epoch.get(),
        label: step.label.map(|label| label.get()),
        source: (&step.source).into(),
        how: json_how(&step.how),
        cut: step.is_cut,
    }
}

fn json_how(how: &WhyHow) -> JsonHow {
    match how {
        WhyHow::Written => JsonHow::Written,
        WhyHow::Created => JsonHow::Created,
        WhyHow::Deleted => JsonHow::Deleted,
        WhyHow::Computed { inputs } => {
            JsonHow::Computed { inputs: inputs.iter().map(|input| input.get()).collect() }
        }
        WhyHow::Rewound { target } => JsonHow::Rewound { target: target.get() },
        WhyHow::Unread => JsonHow::Unread,
        _ => JsonHow::Gone,
    }
}
