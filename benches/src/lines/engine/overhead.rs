//! Row of memory: what a page costs beside its own bytes, everything included.
//!
//! In a process of its own, on a volatile bus as built by default: what the process holds more than before the
//! bus, its pages' bytes aside, after a million random pages and while updates go on. Log ring, undo records,
//! buffers, threads are in it; pre-images are not, for nobody holds a snapshot (the line `memory` has those).

use anyhow::{Result, ensure};
use mmsb::Bus;

use super::{one::Way, setup::large};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    child::{self, Child},
    pages::{CHANGED_PAGE_BYTES, Change},
    rss::Rss,
    world::fill,
};

inventory::submit! {
    Child { name: "overhead", run }
}

const ROUNDS: usize = 16;
const ROUND_CHANGES: usize = 1 << 15;

/// Adds the row.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    outcome.extend(child::measure(context, "overhead")?);
    Ok(())
}

fn run(context: &mut Context) -> Result<Outcome> {
    let (pages, mut random) = (large(context), context.random());
    let mut changes = Change::many(&mut random, ROUND_CHANGES, pages);
    let before = Rss::now()?;
    let bus = Bus::builder().volatile()?;
    fill(&bus, pages, &mut random, |_, _| ())?;
    let mut overheads = Vec::new();
    for _ in 0..ROUNDS {
        changes.iter_mut().for_each(|change| *change = Change::random(&mut random, pages));
        Way::Commits(16).run(&bus, &changes)?;
        overheads.push(overhead(before, pages)?);
    }
    let mut outcome = Outcome::default();
    outcome.figure(format!("overhead a page, {pages} pages"), Unit::Bytes, Sample::of(overheads)?);
    if !context.quick() {
        outcome.bar(Must, AtMost, 40.0).bar(Goal, AtMost, 30.0);
    }
    let told = bus.memory().table_bytes_per_page();
    outcome.note(format!("overhead a page: {told:.1} bytes of it are the page table's, as the bus tells"));
    Ok(outcome)
}

/// Returns how many bytes a page takes by now beside its own.
fn overhead(before: Rss, pages: usize) -> Result<f64> {
    let (more, own) = (Rss::now()?.total.saturating_sub(before.total), pages * CHANGED_PAGE_BYTES);
    ensure!(more >= own as u64, "{pages} pages take only {more} bytes");
    Ok((more as f64 - own as f64) / pages as f64)
}
