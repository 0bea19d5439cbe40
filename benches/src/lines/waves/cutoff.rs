//! Row of a change that is cut off at once: it costs what it touches, whatever the graph's size.
//!
//! Graphs in which each page has four followers. A change of a page in the middle computes the four, which stay the
//! same. The same 64 pages take turns, so that both graphs' are in the cache: what is asked is the work.

use std::convert::Infallible;

use anyhow::{Result, ensure};
use mmsb_graph::{Edge, Graph, Outcome as Ended, Recompute, Schedule, Step, Wave};
use mmsb_types::{EdgeKind, PageId};

use crate::{
    BarKind::Must,
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    pin::{pinned, processors},
};

const SMALL: u64 = 1000;
const LARGE: u64 = 1_000_000;
const FOLLOWERS: u64 = 4;
const PAGES: u64 = 64;
const WAVES: u64 = 50_000;
/// What the large graph's wave may take, to the small one's.
const RATIO_MAX: f64 = 1.5;

/// Adds the row.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    context.say("waves: a change that is cut off");
    let (small, large) = (wide(SMALL)?, wide(LARGE)?);
    let repeats = context.repeats();
    let times = pinned(processors()?.first().copied().unwrap_or_default(), || {
        (0..repeats)
            .map(|_| Ok([changes(&small, SMALL)?, changes(&large, LARGE)?]))
            .collect::<Result<Vec<_>>>()
    })?;
    let sample = |value: &dyn Fn(&[f64; 2]) -> f64| Sample::of(times.iter().map(value).collect());
    outcome.figure("a change cut off, of 1,000 pages", Unit::Nanoseconds, sample(&|[small, _]| *small)?);
    outcome.figure("a change cut off, of 1,000,000 pages", Unit::Nanoseconds, sample(&|[_, large]| *large)?);
    outcome.figure(
        "a change cut off, large to small",
        Unit::Limits,
        sample(&|[small, large]| large / small)?,
    );
    outcome.bar(Must, AtMost, RATIO_MAX);
    Ok(())
}

/// Makes the graph of so many pages in which each has four followers, but the last ones.
fn wide(pages: u64) -> Result<Graph> {
    let parent = |page: u64| PageId::new(1 + (page - 2) / FOLLOWERS);
    let edges = (2..=pages).map(|page| Edge::new(parent(page), PageId::new(page), EdgeKind::Data));
    Ok(Graph::from_edges(edges)?)
}

/// Computes nothing, and finds nothing changed.
struct Same;

impl Recompute for Same {
    type Error = Infallible;

    fn recompute(&mut self, _: &Step) -> Result<Ended, Infallible> {
        Ok(Ended::Equal)
    }
}

/// Returns what a wave takes, in nanoseconds.
fn changes(graph: &Graph, pages: u64) -> Result<f64> {
    let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
    let first = pages / (2 * FOLLOWERS) - PAGES;
    let mut go = |number: u64| {
        schedule.touch(PageId::new(first + number % PAGES));
        let Ok(()) = schedule.run(graph, &mut Same, &mut wave);
        wave.count()
    };
    let warm: usize = (0..PAGES).map(&mut go).sum();
    ensure!(warm as u64 == PAGES * FOLLOWERS, "{warm} pages were computed");
    let watch = Stopwatch::start();
    let computed: usize = (0..WAVES).map(&mut go).sum();
    let took = watch.elapsed();
    ensure!(computed as u64 == WAVES * FOLLOWERS, "{computed} pages were computed");
    Ok(took.as_secs_f64() * 1e9 / WAVES as f64)
}
