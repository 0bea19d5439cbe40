//! Rows of the structure: inserting edges where any of them may close a cycle, checking, and depth.
//!
//! Edges join random ones of 1,000,000 pages. "Along creation order" leads from the older page to the younger one;
//! 5 % go against it, and some of those close cycles. Deep things are done in a thread of 64 KiB of stack.

use std::thread;

use anyhow::{Result, ensure};
use mmsb_graph::{Edge, Graph, GraphError};
use mmsb_types::{EdgeKind, PageId};

use crate::{
    BarKind::Must, Context, Op::AtMost, Outcome, Random, Sample, Unit, clock::Stopwatch, pin::panicked,
};

const PAGES: [usize; 3] = [1_000_000, 100_000, 2000];
/// Pages of the graph that is searched for cycles.
const SEARCHED: [usize; 3] = [10_000, 10_000, 200];
const STACK_BYTES: usize = 64 << 10;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let pages = context.size().pick(PAGES);
    context.say("graph: inserting edges");
    insert(context, outcome, pages, 95)?.bar(Must, AtMost, 1000.0);
    insert(context, outcome, pages, 50)?;
    check(context, outcome, pages)?;
    search(context, outcome)?;
    deep(context, outcome, pages)
}

/// Makes random edges, so many of a hundred along creation order.
fn edges(random: &mut Random, pages: usize, along: usize) -> Vec<Edge> {
    let id = |number: usize| PageId::new(number as u64 + 1);
    let mut edge = || {
        let (one, other) = (random.below(pages), random.below(pages - 1));
        let other = if other >= one { other + 1 } else { other };
        let (old, new) = (id(one.min(other)), id(one.max(other)));
        let (source, target) = if random.below(100) < along { (old, new) } else { (new, old) };
        Edge::new(source, target, EdgeKind::Data)
    };
    (0..pages).map(|_| edge()).collect()
}

fn insert<'a>(
    context: &Context,
    outcome: &'a mut Outcome,
    pages: usize,
    along: usize,
) -> Result<&'a mut Outcome> {
    let edges = edges(&mut context.random(), pages, along);
    let mut refused = 0;
    let sample = Sample::nanoseconds(context.repeats(), pages as u64, || {
        let mut graph = Graph::new();
        refused = add_all(&mut graph, &edges)?;
        Ok(())
    })?;
    let name =
        if along == 50 { "in random order".to_owned() } else { format!("{along} % along creation order") };
    outcome.note(format!("of {pages} edges {name}, {refused} were refused"));
    Ok(outcome.figure(format!("inserting an edge, {name}"), Unit::Nanoseconds, sample))
}

/// Adds the edges and returns how many were refused.
fn add_all(graph: &mut Graph, edges: &[Edge]) -> Result<usize> {
    let mut refused = 0;
    for edge in edges {
        match graph.add_edge(edge.source, edge.target, edge.kind) {
            Ok(_) => {}
            Err(GraphError::Cycle { .. }) => refused += 1,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(refused)
}

/// Checks the graph of random edges, to which every page belongs.
fn check(context: &Context, outcome: &mut Outcome, pages: usize) -> Result<()> {
    context.say("graph: checking");
    let mut graph = Graph::new();
    add_all(&mut graph, &edges(&mut context.random(), pages, 95))?;
    let missing =
        (2..=pages as u64).map(PageId::new).filter(|&page| !graph.contains(page)).collect::<Vec<_>>();
    let first = PageId::FIRST;
    add_all(
        &mut graph,
        &missing.iter().map(|&page| Edge::new(first, page, EdgeKind::Data)).collect::<Vec<_>>(),
    )?;
    ensure!(graph.page_count() >= pages - 1, "only {} pages have an edge", graph.page_count());
    let sample = milliseconds(context, || {
        let found = graph.check();
        ensure!(found.is_empty(), "the check finds {}", found[0]);
        Ok(())
    })?;
    outcome
        .figure(format!("full check of {pages} pages"), Unit::Milliseconds, sample)
        .bar(Must, AtMost, 100.0);
    Ok(())
}

/// Searches for cycles, by components and so without trusting ranks.
fn search(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let (mut graph, pages) = (Graph::new(), context.size().pick(SEARCHED));
    add_all(&mut graph, &edges(&mut context.random(), pages, 95))?;
    let sample = milliseconds(context, || {
        let components = graph.components();
        ensure!(components.len() == graph.page_count(), "{} components", components.len());
        Ok(())
    })?;
    let name = format!("searching {pages} pages for cycles");
    outcome.figure(name, Unit::Milliseconds, sample).bar(Must, AtMost, 10.0);
    Ok(())
}

/// Builds, checks and walks a chain through all pages on a small stack, and refuses the edge that would close it.
fn deep(context: &Context, outcome: &mut Outcome, pages: usize) -> Result<()> {
    context.say("graph: a deep chain");
    let work = || {
        Sample::of(
            (0..context.repeats())
                .map(|_| chain(pages as u64, context.has_fault("open-chain")))
                .collect::<Result<_>>()?,
        )
    };
    let sample = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|cause| Err(panicked(&*cause)))
    })?;
    outcome.figure(format!("a chain of {pages} pages on 64 KiB of stack"), Unit::Milliseconds, sample);
    Ok(())
}

fn chain(pages: u64, is_open: bool) -> Result<f64> {
    let watch = Stopwatch::start();
    let mut graph = Graph::new();
    for page in 2..=pages {
        graph.add_edge(PageId::new(page - 1), PageId::new(page), EdgeKind::Data)?;
    }
    let (first, last) = (PageId::FIRST, PageId::new(pages));
    if is_open {
        graph.remove_edge(first, PageId::new(2), EdgeKind::Data);
    }
    let Err(GraphError::Cycle { pages: cycle }) = graph.add_edge(last, first, EdgeKind::Control) else {
        anyhow::bail!("the cycle was not refused");
    };
    ensure!(cycle.len() as u64 == pages, "the cycle told has {} pages", cycle.len());
    ensure!(
        graph.ancestors(last).len() as u64 == pages - 1 && graph.check().is_empty(),
        "the chain is broken"
    );
    ensure!(graph.components().len() as u64 == pages, "a cycle was found");
    Ok(watch.elapsed().as_secs_f64() * 1e3)
}

fn milliseconds(context: &Context, work: impl FnMut() -> Result<()>) -> Result<Sample> {
    Sample::timed(context.repeats(), |took| took.as_secs_f64() * 1e3, work)
}
