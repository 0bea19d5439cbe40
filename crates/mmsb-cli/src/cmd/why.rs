//! `mmsb why`: where a page's bytes come from.

use std::path::PathBuf;

use mmsb::{Bus, WhyHow, WhyStep};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::{PageRef, When},
    render::{JsonSource, Out},
};

/// Tells why a page is as it is: the commit that changed it last, the inputs it was computed from, and so on.
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
    /// Prints one JSON object a step.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: page, depth (steps from the page asked about), epoch, label, tag, site, how (written, created, deleted, \
computed, rewound or gone), inputs (page ids, where computed), target (an epoch, where rewound). Where the answer was \
cut, a last object has left_count (pages that were not looked at).";

#[derive(Serialize)]
struct JsonStep<'a> {
    page: u64,
    depth: u32,
    epoch: u64,
    label: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    #[serde(flatten)]
    how: JsonHow,
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
}

#[derive(Serialize)]
struct JsonRest {
    left_count: usize,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let past = args.at.unwrap_or(When::Newest).past(&bus)?;
    let why = bus.why_at(args.page.find_in(&past)?, past.epoch())?;
    if !args.json {
        out.line(&why)?;
        return Ok(Outcome::Same);
    }
    why.steps.iter().try_for_each(|step| out.json(&json(step)))?;
    if why.left_count > 0 {
        out.json(&JsonRest { left_count: why.left_count })?;
    }
    Ok(Outcome::Same)
}

fn json(step: &WhyStep) -> JsonStep<'_> {
    JsonStep {
        page: step.page.get(),
        depth: step.depth,
        epoch: step.epoch.get(),
        label: step.label.map(|label| label.get()),
        source: (&step.source).into(),
        how: json_how(&step.how),
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
        WhyHow::Gone => JsonHow::Gone,
    }
}
