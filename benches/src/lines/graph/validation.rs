//! Row of a whole bus: its validator looks at every edge, every page's own word, and searches for cycles.

use std::{hint::black_box, time::Duration};

use anyhow::{Result, ensure};
use mmsb::{Bus, EdgeKind, validate::graph};

use crate::{BarKind::Must, Context, Op::AtMost, Outcome, Sample, Unit, clock::Stopwatch};

const PAGES: [usize; 3] = [10_000, 10_000, 100];
const PAGES_A_COMMIT: usize = 1000;
/// Edges that lead to a page, at most.
const EDGES: usize = 3;
/// What a test that wants the validator slow adds for each page: more than it may take.
const SLOW: Duration = Duration::from_micros(1500);

/// Adds the row.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let pages = context.size().pick(PAGES);
    context.say("graph: validating a bus");
    let bus = linked(context, pages)?;
    let mut micros = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        let found = graph(&bus);
        while context.has_fault("slow-validation") && watch.elapsed() < SLOW * pages as u32 {
            black_box(&found);
        }
        micros.push(watch.elapsed().as_secs_f64() * 1e6 / pages as f64);
        ensure!(found.is_empty(), "{} violations: {}", found.len(), found[0]);
    }
    outcome
        .figure("full validation, a page", Unit::Microseconds, Sample::of(micros)?)
        .bar(Must, AtMost, 1000.0);
    let edges = bus.graph()?.edge_count();
    outcome.note(format!("a bus of {pages} pages and {edges} edges: 0 violations"));
    Ok(())
}

/// Makes a bus whose pages have edges from up to three older ones each.
fn linked(context: &Context, count: usize) -> Result<Bus> {
    let (bus, mut random, mut pages) = (Bus::builder().volatile()?, context.random(), Vec::new());
    while pages.len() < count {
        let mut tx = bus.begin();
        for _ in 0..PAGES_A_COMMIT.min(count - pages.len()) {
            let page = tx.create_page(None, 8)?;
            for _ in 0..EDGES.min(pages.len()) {
                tx.link(pages[random.below(pages.len())], page, EdgeKind::Data)?;
            }
            pages.push(page);
        }
        tx.commit()?;
    }
    Ok(bus)
}
