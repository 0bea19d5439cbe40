//! `mmsb compact`: gives up what is old, in whole files.

use std::path::PathBuf;

use mmsb::Retention;
use serde::Serialize;

use super::{Outcome, open_to_change};
use crate::render::{Out, count};

/// Gives up the oldest states of a bus: whole segments of the log, and checkpoints that nothing needs.
///
/// Without a bound every state stays, and only checkpoints that nothing needs go. Tagged states always stay. The bus
/// must not be open for writing elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Keeps at least the newest N epochs.
    #[arg(long, value_name = "N", conflicts_with = "keep_bytes")]
    keep_epochs: Option<u64>,
    /// Keeps at least the newest N bytes of log.
    #[arg(long, value_name = "N")]
    keep_bytes: Option<u64>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: oldest (epoch from which on every state can be shown), segment_count and checkpoint_count (files that \
went), bytes (of both).";

#[derive(Serialize)]
struct Gone {
    oldest: u64,
    segment_count: u64,
    checkpoint_count: u64,
    bytes: u64,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = open_to_change(&args.bus)?;
    let gone = bus.compact_to(args.retention())?;
    bus.stop()?;
    let gone = Gone {
        oldest: gone.oldest.get(),
        segment_count: gone.segment_count,
        checkpoint_count: gone.checkpoint_count,
        bytes: gone.bytes,
    };
    out.answer(args.json, &gone, report)?;
    Ok(Outcome::Same)
}

impl Args {
    fn retention(&self) -> Retention {
        let epochs = self.keep_epochs.map(Retention::Epochs);
        epochs.or(self.keep_bytes.map(Retention::Bytes)).unwrap_or(Retention::All)
    }
}

fn report(gone: &Gone) -> String {
    let [segments, checkpoints, bytes] = [gone.segment_count, gone.checkpoint_count, gone.bytes].map(count);
    format!(
        "{segments} segments and {checkpoints} checkpoints went, {bytes} bytes; every state from e{} on stays",
        gone.oldest
    )
}
