//! `mmsb verify`: is every byte of a bus as it was written?

mod print;
mod report;

use std::path::PathBuf;

use mmsb::validate;

use self::report::{Report, State};
use super::Outcome;
use crate::render::{Out, unless_gone};

/// Checks every byte of a bus: manifest, segments, checkpoints; changes nothing.
///
/// A log that ends in bytes a crash tore is sound, and is told so: they were never durable, and opening the
/// bus for writing cuts them. Exit code 0: sound, 2: damaged; every bad record, and every bad piece of a
/// checkpoint, is named with its file, offset and number.
///
/// Whether derived pages are what their functions make of their inputs cannot be asked here: the functions live in the
/// program. It asks the library (`Bus::verify_recompute`).
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
JSON keys: file (the log's last), state (closed: after a clean stop; open: without one; torn; damaged), segment_count, \
checkpoint_count, frame_count, mark_count, \
synced_through (the last epoch known to be durable), bad (objects with file, offset, number, what, and durable: \
whether a later mark vouched for it, as the manifest does for checkpoints, whose number is their epoch), violations (texts: commits that are whole but do not fit, or tell reasons that cannot be; each begins with its rule), indexes (texts: index files that disagree with the log; \
they cost time, not data, and do not make a bus damaged).";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let verified = mmsb::verify(&args.bus)?;
    let mut report = Report::of(&verified);
    report.indexes = verified.indexes.iter().map(ToString::to_string).collect();
    if report.state != State::Damaged {
        let violations = validate::commits(&args.bus)?;
        report.violations = violations.iter().map(ToString::to_string).collect();
    }
    unless_gone(if args.json { out.json(&report) } else { report.print(out) })?;
    let is_sound = report.state != State::Damaged && report.violations.is_empty();
    Ok(if is_sound { Outcome::Same } else { Outcome::Failed })
}
