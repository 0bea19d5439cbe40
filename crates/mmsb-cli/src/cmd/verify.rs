//! `mmsb verify`: is every byte of a bus as it was written?

use std::path::PathBuf;

use mmsb::{BadCheckpoint, BadRecord, Bus, Tail, Verified};
use serde::Serialize;

use super::Outcome;
use crate::render::{JsonPath, Out, count, unless_gone};

/// Checks every byte of a bus: manifest, segments, checkpoints; changes nothing.
///
/// A log that ends in bytes a crash tore is sound, and is told so: they were never durable, and opening the
/// bus for writing cuts them. Exit code 0: sound, 2: damaged; every bad record, and every bad piece of a
/// checkpoint, is named with its file, offset and number.
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
whether a later mark vouched for it, as the manifest does for checkpoints, whose number is their epoch), violations (texts: commits that are whole but do not fit), indexes (texts: index files that disagree with the log; \
they cost time, not data, and do not make a bus damaged).";

#[derive(Serialize)]
struct Report<'a> {
    file: JsonPath<'a>,
    state: State,
    segment_count: u64,
    checkpoint_count: u64,
    frame_count: u64,
    mark_count: u64,
    synced_through: u64,
    bad: Vec<JsonBad<'a>>,
    violations: Vec<String>,
    indexes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Closed,
    Open,
    Torn,
    Damaged,
}

#[derive(Serialize)]
struct JsonBad<'a> {
    file: JsonPath<'a>,
    offset: u64,
    number: u64,
    what: String,
    durable: bool,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let verified = mmsb::verify(&args.bus)?;
    let mut report = Report::of(&verified);
    report.indexes = verified.indexes.iter().map(ToString::to_string).collect();
    if report.state != State::Damaged {
        let violations = Bus::open_read_only(&args.bus)?.check();
        report.violations = violations.iter().map(ToString::to_string).collect();
    }
    unless_gone(if args.json { out.json(&report) } else { report.print(out) })?;
    let is_sound = report.state != State::Damaged && report.violations.is_empty();
    Ok(if is_sound { Outcome::Same } else { Outcome::Failed })
}

impl State {
    fn of(verified: &Verified) -> Self {
        match &verified.log.scan.tail {
            _ if verified.is_damaged() => Self::Damaged,
            Tail::Torn(_) => Self::Torn,
            Tail::Clean { closed: true } => Self::Closed,
            Tail::Clean { closed: false } => Self::Open,
        }
    }
}

impl<'a> Report<'a> {
    fn of(verified: &'a Verified) -> Self {
        let Verified { file, bad_files, log, bad_checkpoints, .. } = verified;
        let bad = |(record, file): (&BadRecord, &'a PathBuf)| JsonBad {
            file: JsonPath(file),
            offset: record.offset,
            number: record.number,
            what: record.fault.to_string(),
            durable: record.covered,
        };
        let bad_piece = |piece: &'a BadCheckpoint| JsonBad {
            file: JsonPath(&piece.file),
            offset: piece.offset,
            number: piece.epoch.get(),
            what: piece.what.clone(),
            durable: true,
        };
        let records = log.bad.iter().zip(bad_files).map(bad);
        Self {
            file: JsonPath(file),
            state: State::of(verified),
            segment_count: verified.segment_count,
            checkpoint_count: verified.checkpoint_count,
            frame_count: log.scan.frame_count,
            mark_count: log.scan.mark_count,
            synced_through: log.scan.synced_through,
            bad: records.chain(bad_checkpoints.iter().map(bad_piece)).collect(),
            violations: Vec::new(),
            indexes: Vec::new(),
        }
    }

    fn verdict(&self, out: &Out) -> String {
        match self.state {
            State::Closed => out.paint.good("sound") + ", closed by a clean stop",
            State::Open => out.paint.good("sound") + ", not closed: its program was killed or still runs",
            State::Torn => out.paint.good("sound") + ", with a torn tail: what follows was never durable",
            State::Damaged => out.paint.bad("damaged") + ": durable bytes are not as they were written",
        }
    }

    fn print(&self, out: &mut Out) -> std::io::Result<()> {
        let verdict = self.verdict(out);
        let (frames, marks) = (count(self.frame_count), count(self.mark_count));
        out.line(format_args!("{}: {verdict}", self.file.0.display()))?;
        out.line(format_args!(
            "{frames} frames and {marks} marks in {} segments, {} checkpoints; e{} is durable",
            self.segment_count, self.checkpoint_count, self.synced_through
        ))?;
        for bad in &self.bad {
            let (file, durable) = (bad.file.0.display(), if bad.durable { "durable" } else { "torn" });
            let (offset, number, what) = (bad.offset, bad.number, &bad.what);
            out.line(format_args!("{file}: offset {offset}, record {number}, {durable}: {what}"))?;
        }
        self.indexes.iter().try_for_each(|index| out.line(format_args!("to be made again: {index}")))?;
        self.violations.iter().try_for_each(|violation| out.line(format_args!("violated: {violation}")))
    }
}
