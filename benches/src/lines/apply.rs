//! Line `apply`: laying a delta over a page.
//!
//! Random deltas over cache-resident pages of 1 KiB, against copying whole pages of that size. Speeds
//! count the bytes of the page, changed or not; every page is compared with what it should have become.

use std::hint::black_box;

use anyhow::{Result, ensure};
use mmsb_delta::{Delta, apply, diff};

use crate::{BarKind::Must, Context, LimitKind, Line, Op::AtLeast, Outcome, Sample, Unit, pages::Pair};

inventory::submit! {
    Line { name: "apply", number: None, question: "how fast is a delta laid over a page?", faults: &[], run }
}

const PAGE_BYTES: usize = 1 << 10;
const PAIRS: usize = 32;
/// Percent of bytes changed, and the ratio to copying the page that must hold.
const CASES: [(usize, f64); 3] = [(1, 0.01), (50, 0.02), (100, 0.1)];

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let limit = LimitKind::CopyCached { bytes: PAGE_BYTES as u32 };
    for (percent, must) in CASES {
        let pairs = Pair::many(&mut context.random(), PAIRS, PAGE_BYTES, percent);
        let name = format!("1 KiB, {percent} % changed");
        outcome
            .figure(name, Unit::GigabytesPerSecond, measure(context, &pairs)?)
            .ratio(Must, AtLeast, must, limit);
    }
    Ok(outcome)
}

fn measure(context: &Context, pairs: &[Pair]) -> Result<Sample> {
    let deltas: Vec<Delta> = pairs.iter().map(|pair| diff(&pair.old, &pair.new)).collect();
    let mut pages: Vec<Vec<u8>> = pairs.iter().map(|pair| pair.old.clone()).collect();
    let rounds = if context.quick() { 100 } else { 1000 };
    let sample = Sample::gigabytes(context.repeats(), (rounds * pages.len() * PAGE_BYTES) as u64, || {
        for _ in 0..rounds {
            for (delta, page) in deltas.iter().zip(&mut pages) {
                apply(black_box(delta), black_box(page))?;
            }
        }
        Ok(())
    })?;
    let wrong = pages.iter().zip(pairs).position(|(page, pair)| *page != pair.new);
    ensure!(wrong.is_none(), "page {} is not what its delta makes of it", wrong.unwrap_or_default());
    Ok(sample)
}
