//! Line `diff`: finding the runs in which two images of a page differ.
//!
//! Random pages of 1 KiB, cache-resident, against reading memory in bulk. Speeds count the bytes of one
//! image. What diff finds is compared with a byte by byte search, and has to lead from old to new.

use std::hint::black_box;

use anyhow::{Result, ensure};
use mmsb_delta::{apply, diff, diff_runs};
use mmsb_types::{Span, limits::RUN_GAP_BYTES};

use crate::{
    BarKind::{Goal, Must},
    Context, LimitKind, Line,
    Op::AtLeast,
    Outcome, Sample, Unit,
    pages::Pair,
};

inventory::submit! {
    Line { name: "diff", number: None, question: "how fast is a change of a page found?", faults: &[], run }
}

const PAGE_BYTES: usize = 1 << 10;
/// Enough pages that branches cannot be learnt by heart, few enough for the second cache.
const PAIRS: usize = 128;
/// Percent of bytes changed, and the goal as a ratio to reading memory in bulk.
const CASES: [(usize, f64); 4] = [(0, 1.2), (1, 0.7), (50, 0.5), (100, 1.0)];
/// What must hold is this share of the goal.
const MUST_SHARE: f64 = 0.25;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (percent, goal) in CASES {
        let name = format!("1 KiB, {percent} % changed");
        outcome
            .figure(name, Unit::GigabytesPerSecond, measure(context, percent)?)
            .ratio(Must, AtLeast, goal * MUST_SHARE, LimitKind::ReadDram)
            .ratio(Goal, AtLeast, goal, LimitKind::ReadDram);
    }
    Ok(outcome)
}

/// Measures pages that are changed in `percent` of their bytes; in GB/s of one image.
pub fn measure(context: &Context, percent: usize) -> Result<Sample> {
    let pairs = Pair::many(&mut context.random(), PAIRS, PAGE_BYTES, percent);
    pairs.iter().try_for_each(verify)?;
    let rounds = if context.quick() { 50 } else { 500 };
    let mut runs = Vec::new();
    Sample::gigabytes(context.repeats(), (rounds * pairs.len() * PAGE_BYTES) as u64, || {
        for _ in 0..rounds {
            for pair in &pairs {
                diff_runs(black_box(&pair.old), black_box(&pair.new), &mut runs);
                black_box(&runs);
            }
        }
        Ok(())
    })
}

fn verify(pair: &Pair) -> Result<()> {
    let (mut runs, expected) = (Vec::new(), byte_by_byte(pair));
    diff_runs(&pair.old, &pair.new, &mut runs);
    ensure!(runs == expected, "runs are {runs:?}, not {expected:?}");
    let mut page = pair.old.clone();
    apply(&diff(&pair.old, &pair.new), &mut page)?;
    ensure!(page == pair.new, "a diff laid over the old page does not give the new one");
    Ok(())
}

/// The definition: bytes that differ, joined across fewer equal ones than an entry costs.
fn byte_by_byte(pair: &Pair) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for offset in (0..PAGE_BYTES).filter(|&at| pair.old[at] != pair.new[at]).map(|at| at as u32) {
        match runs.last_mut() {
            Some(run) if u64::from(offset) < run.end() + u64::from(RUN_GAP_BYTES) => {
                run.len = offset + 1 - run.offset;
            }
            _ => runs.push(Span::new(offset, 1)),
        }
    }
    runs
}
