//! `mmsb diff`: where two runs part, or what differs between two states of one.

mod json;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use mmsb::{Align, Bus, compare_runs};

use self::json::{JsonRuns, JsonStates};
use super::Outcome;
use crate::{
    args::When,
    render::{Out, unless_gone},
};

/// Finds the first state in which two runs differ, or the differences between two states of one run.
///
/// Two runs are compared commit by commit; the first states that differ are named with every page, offset
/// and both bytes, and the commit that wrote them. Exit code 0: the same, 1: they differ.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus, or the left one of two.
    #[arg(value_name = "BUS_A")]
    left: PathBuf,
    /// The right one.
    #[arg(value_name = "BUS_B", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    right: Option<PathBuf>,
    /// How states of two runs are paired; by label if both have labels, if not said.
    #[arg(long, value_enum, conflicts_with_all = ["from", "to"])]
    by: Option<By>,
    /// The left state, of one run.
    #[arg(long, value_name = "EPOCH", requires = "to")]
    from: Option<When>,
    /// The right state, of the same run.
    #[arg(long, value_name = "EPOCH", requires = "from")]
    to: Option<When>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys, two runs: same, compared_count (states), only_left_count and only_right_count (states without a \
partner), last_common (epochs left and right, or null), first (null if no state differs: label, left and right \
with epoch, label, tag, site; pages, graph).
JSON keys, one run: same, left and right (epochs), pages, graph.
A page has page, name, kind (bytes, only_left, only_right, length or name), and what belongs to the kind: runs \
(objects with offset, old and new; bytes in hexadecimal), left_epoch and right_epoch (who wrote it last), \
left_bytes and right_bytes (lengths), right_name.
A difference of the graphs has kind: edge_only_left or edge_only_right (source, target, edge), registration (page, \
left and right: null or function, version, inputs), stale_only_left or stale_only_right (page).";

/// How states of two runs are paired.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The last state of each label with the same label's.
    Label,
    /// The n-th commit with the n-th.
    Epoch,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let left = Bus::open_read_only(&args.left)?;
    let is_same = match (&args.right, args.from, args.to) {
        (Some(right), ..) => runs(args, &left, right, out)?,
        (None, from, to) => {
            states(args, &left, from.zip(to).context("give BUS_B, or --from and --to")?, out)?
        }
    };
    Ok(if is_same { Outcome::Same } else { Outcome::Differs })
}

fn runs(args: &Args, left: &Bus, right: &Path, out: &mut Out) -> anyhow::Result<bool> {
    let align = match args.by {
        None => Align::Auto,
        Some(By::Label) => Align::Label,
        Some(By::Epoch) => Align::Epoch,
    };
    let diff = compare_runs(left, &Bus::open_read_only(right)?, align)?;
    unless_gone(if args.json { out.json(&JsonRuns::from(&diff)) } else { out.line(&diff) })?;
    Ok(diff.is_same())
}

fn states(args: &Args, bus: &Bus, (from, to): (When, When), out: &mut Out) -> anyhow::Result<bool> {
    let diff = mmsb::diff(&from.past(bus)?, &to.past(bus)?)?;
    unless_gone(if args.json { out.json(&JsonStates::from(&diff)) } else { out.line(&diff) })?;
    Ok(diff.is_empty())
}
