//! Line `append`: taking a commit into the log, from its deltas to the kernel's hands.
//!
//! Random 32-byte deltas in commits of 1, 16 and 256: batch, frame with checksum, room, reservation, ring,
//! flusher. Once into a disk that drops everything (volatile: the log's own cost, against the raw limit of a
//! logged update), once into a file (against writing such a file). What went into the file is read back.

use std::sync::Arc;

use anyhow::{Result, ensure};
use mmsb_tlog::vfs::{NullVfs, OsVfs};

use crate::{
    BarKind::{Goal, Must},
    Context, LimitKind, Line,
    Op::{AtLeast, AtMost},
    Outcome, Sample, Unit,
    logs::Appender,
    pages::Change,
};

inventory::submit! {
    Line { name: "append", number: None, question: "what does the log itself cost a commit?", faults: &[], run }
}

const PAGES: usize = 1_000_000;
/// Deltas of a repeat, quick or not: in fewer, waking the flusher would be most of what is measured.
const DELTAS: usize = 409_600;
/// Deltas of a commit, and the ratio to the limit that must hold when nothing is kept.
const CASES: [(usize, f64); 3] = [(1, 12.0), (16, 2.0), (256, 2.0)];
const FILE_COUNT: usize = 256;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let changes = Change::many(&mut context.random(), DELTAS, PAGES);
    volatile_cases(context, &changes, &mut outcome)?;
    let name = format!("log bytes, n = {FILE_COUNT}, to a file");
    let sample = to_file(context, &changes)?;
    outcome
        .figure(name, Unit::GigabytesPerSecond, sample)
        .ratio(Must, AtLeast, 0.1, LimitKind::FileWrite)
        .ratio(Goal, AtLeast, 0.5, LimitKind::FileWrite);
    Ok(outcome)
}

fn volatile_cases(context: &mut Context, changes: &[Change], outcome: &mut Outcome) -> Result<()> {
    let limit = LimitKind::Scatter { pages: if context.quick() { 65_536 } else { PAGES as u32 } };
    for (count, must) in CASES {
        let name = format!("a delta, n = {count}, volatile");
        let sample = volatile(context, changes, count)?;
        outcome.figure(name, Unit::Nanoseconds, sample).ratio(Must, AtMost, must, limit);
    }
    Ok(())
}

fn volatile(context: &Context, changes: &[Change], count: usize) -> Result<Sample> {
    let mut log = Appender::create(Arc::new(NullVfs::default()), "bench".as_ref())?;
    let before = log.bytes();
    let sample = Sample::nanoseconds(context.repeats(), changes.len() as u64, || {
        log.append_all(changes, count).map(drop)
    })?;
    let least = changes.len() * (context.repeats() + 1) * 40;
    ensure!(log.bytes() - before >= least as u64, "{} bytes came out of it", log.bytes() - before);
    Ok(sample)
}

fn to_file(context: &Context, changes: &[Change]) -> Result<Sample> {
    let folder = context.scratch()?;
    let mut log = Appender::create(Arc::new(OsVfs), &folder.path().join("bench"))?;
    let bytes = frame_bytes(changes);
    let sample =
        Sample::gigabytes(context.repeats(), bytes, || log.append_all(changes, FILE_COUNT).map(drop))?;
    verify(&log, changes)?;
    Ok(sample)
}

/// Bytes of the frames of one repeat, marks left out.
fn frame_bytes(changes: &[Change]) -> u64 {
    changes.chunks(FILE_COUNT).map(|chunk| 32 + chunk.len() as u64 * 40).sum()
}

fn verify(log: &Appender, changes: &[Change]) -> Result<()> {
    let mut chunks = changes.chunks(FILE_COUNT).cycle();
    let last = log.read_back(|number, batch| {
        let chunk = chunks.next().unwrap_or_default();
        let same = batch.iter().eq(chunk.iter().map(|change| (change.page, change.patch())));
        ensure!(same, "commit {number} reads back as something else");
        Ok(())
    })?;
    ensure!(last >= changes.chunks(FILE_COUNT).len() as u64, "only {last} commits are there");
    Ok(())
}
