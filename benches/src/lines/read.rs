//! Line `read`: copying a page out of the store, torn-free.
//!
//! Pages of 1 KiB: a few that stay in the nearest cache, against copying such pieces; and random ones of many,
//! against copying from memory. What was read is compared with what was written.

use std::hint::black_box;

use anyhow::{Result, ensure};
use mmsb_page::PageStore;
use mmsb_types::{Epoch, PageId};

use crate::{
    BarKind::{Goal, Must},
    Context, LimitKind, Line,
    Op::AtLeast,
    Outcome, Random, Sample, Unit,
};

inventory::submit! {
    Line { name: "read", number: None, question: "how fast is a page read while others may write it?", faults: &[], run }
}

const PAGE_BYTES: usize = 1 << 10;
/// Pages that stay in the nearest cache.
pub const HOT_PAGES: usize = 8;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (hot, cached) = (measure(context, HOT_PAGES)?, LimitKind::CopyCached { bytes: PAGE_BYTES as u32 });
    outcome.figure("1 KiB, hot", Unit::GigabytesPerSecond, hot);
    outcome.ratio(Must, AtLeast, 0.1, cached).ratio(Goal, AtLeast, 1.0 / 3.2, cached);
    let count = if context.quick() { 4_096 } else { 262_144 };
    let cold = measure(context, count)?;
    outcome.figure(format!("1 KiB, random of {count}"), Unit::GigabytesPerSecond, cold);
    outcome.ratio(Must, AtLeast, 0.1, LimitKind::CopyDram);
    Ok(outcome)
}

/// Measures reads of random ones of `count` pages; in GB/s.
pub fn measure(context: &Context, count: usize) -> Result<Sample> {
    let mut random = context.random();
    let store = fill(&mut random, count)?;
    let reads = if context.quick() { 20_000 } else { 200_000 };
    let order: Vec<PageId> = (0..reads).map(|_| PageId::new(1 + random.below(count) as u64)).collect();
    let mut buffer = vec![0; PAGE_BYTES];
    let sample = Sample::gigabytes(context.repeats(), (reads * PAGE_BYTES) as u64, || {
        for &page in &order {
            store.read(black_box(page), 0, black_box(&mut buffer))?;
        }
        Ok(())
    })?;
    verify(&store, &mut context.random(), count)?;
    Ok(sample)
}

fn fill(random: &mut Random, count: usize) -> Result<PageStore> {
    let store = PageStore::new();
    for page in 1..=count as u64 {
        let mut birth = store.prepare(PageId::new(page), PAGE_BYTES as u32)?;
        birth.write(0, &random.bytes(PAGE_BYTES));
        birth.publish(Epoch::new(page));
    }
    Ok(store)
}

fn verify(store: &PageStore, random: &mut Random, count: usize) -> Result<()> {
    let mut buffer = vec![0; PAGE_BYTES];
    for page in 1..=count as u64 {
        let epoch = store.read(PageId::new(page), 0, &mut buffer)?;
        let right = epoch == Epoch::new(page) && buffer == random.bytes(PAGE_BYTES);
        ensure!(right, "page {page} reads as something else");
    }
    Ok(())
}
