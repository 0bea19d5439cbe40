//! Line `encode`: collecting deltas in a batch and laying the batch out as the log stores it.
//!
//! Random 32-byte deltas to random ones of a million pages, in batches of 16 and 256, against the raw
//! limit of a logged update. Every batch is read back and compared with what went in.

use std::hint::black_box;

use anyhow::{Result, ensure};
use mmsb_delta::{BatchView, DeltaBatch};

use crate::{BarKind::Must, Context, LimitKind, Line, Op::AtMost, Outcome, Sample, Unit, pages::Change};

inventory::submit! {
    Line { name: "encode", number: None, question: "what does a delta cost on its way into a record?", faults: &[], run }
}

const PAGES: usize = 1_000_000;
/// Deltas of one repeat's round, together.
const DELTAS: usize = 4096;
/// Deltas of a batch, and the ratio to the limit that must hold.
const CASES: [(usize, f64); 2] = [(16, 2.0), (256, 2.0)];

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut random = context.random();
    let changes = Change::many(&mut random, DELTAS, PAGES);
    let limit = LimitKind::Scatter { pages: if context.quick() { 65_536 } else { PAGES as u32 } };
    for (count, must) in CASES {
        changes.chunks(count).try_for_each(verify)?;
        let sample = measure(context, &changes, count)?;
        let name = format!("a delta, n = {count}");
        outcome.figure(name, Unit::Nanoseconds, sample).ratio(Must, AtMost, must, limit);
    }
    Ok(outcome)
}

fn measure(context: &Context, changes: &[Change], count: usize) -> Result<Sample> {
    let (mut batch, mut record) = (DeltaBatch::default(), Vec::new());
    let rounds = if context.quick() { 20 } else { 200 };
    Sample::nanoseconds(context.repeats(), (rounds * changes.len()) as u64, || {
        for _ in 0..rounds {
            for chunk in changes.chunks(count) {
                encode(black_box(chunk), &mut batch, &mut record);
                black_box(&record);
            }
        }
        Ok(())
    })
}

fn encode(changes: &[Change], batch: &mut DeltaBatch, record: &mut Vec<u8>) {
    batch.clear();
    record.clear();
    changes.iter().for_each(|change| batch.push(change.page, change.patch()));
    batch.encode_into(record);
}

fn verify(changes: &[Change]) -> Result<()> {
    let (mut batch, mut record) = (DeltaBatch::default(), Vec::new());
    encode(changes, &mut batch, &mut record);
    let counts = [batch.compact_count(), batch.wide_count(), batch.payload_bytes()].map(|count| count as u32);
    let view = BatchView::parse(&record, counts[0], counts[1], counts[2])?;
    let same = view.iter().eq(changes.iter().map(|change| (change.page, change.patch())));
    ensure!(same, "a batch of {} deltas reads back as something else", changes.len());
    Ok(())
}
