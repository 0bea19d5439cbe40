//! `mmsb graph`: who depends on whom.

use std::path::PathBuf;

use mmsb::{Bus, GraphView, PageId};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::When,
    render::{JsonDerived, JsonEdge, Out, Table, count},
};

/// Shows who depends on whom: edges between pages, what is derived by what, what is stale.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Which state; the newest, if not said.
    #[arg(long, value_name = "EPOCH")]
    at: Option<When>,
    /// Prints it in the language of Graphviz.
    #[arg(long, conflicts_with = "json")]
    dot: bool,
    /// Prints one JSON object for each edge, each derived page and each stale one.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: kind (edge, derived or stale); an edge has source, target (page ids) and edge (data, control, gpu-sync or \
compiler); a derived page has page, function, version, inputs (page ids, in the function's order); a stale one has \
page.";

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum JsonLine<'a> {
    Edge(JsonEdge),
    Derived(JsonDerived<'a>),
    Stale { page: u64 },
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let graph = args.at.map_or_else(|| bus.graph(), |when| Ok(when.past(&bus)?.graph()))?;
    if args.dot {
        out.line(graph.dot().trim_end())?;
    } else if args.json {
        lines(&graph).try_for_each(|line| out.json(&line))?;
    } else {
        show(&graph, out)?;
    }
    Ok(Outcome::Same)
}

fn lines(graph: &GraphView) -> impl Iterator<Item = JsonLine<'_>> {
    let edges = graph.edges().into_iter().map(|edge| JsonLine::Edge(edge.into()));
    let derived = graph.derived().map(|derived| JsonLine::Derived(derived.into()));
    edges.chain(derived).chain(graph.stale().map(|page| JsonLine::Stale { page: page.get() }))
}

fn show(graph: &GraphView, out: &mut Out) -> anyhow::Result<()> {
    let [edges, pages, derived, stale] =
        [graph.edge_count(), graph.page_count(), graph.derived().len(), graph.stale().len()]
            .map(|number| count(number as u64));
    let epoch = graph.epoch();
    out.line(format_args!("{epoch}: {edges} edges of {pages} pages, {derived} derived, {stale} stale"))?;
    if graph.edge_count() > 0 {
        out.line(edge_table(graph))?;
    }
    if graph.derived().len() > 0 {
        out.line(derived_table(graph))?;
    }
    Ok(())
}

fn edge_table(graph: &GraphView) -> Table {
    let mut table = Table::new(&["#source", "name", "#target", "name", "edge", "target is"]);
    for edge in graph.edges() {
        let [source, target] = [edge.source, edge.target].map(|page| page.get().to_string());
        let stale = if graph.is_stale(edge.target) { "stale" } else { "" };
        let names = [name(graph, edge.source), name(graph, edge.target)];
        let [source_name, target_name] = names;
        table.row([source, source_name, target, target_name, edge.kind.name().to_owned(), stale.to_owned()]);
    }
    table
}

fn derived_table(graph: &GraphView) -> Table {
    let mut table = Table::new(&["#derived", "name", "function", "#version", "inputs"]);
    for (page, registration) in graph.derived() {
        let inputs: Vec<String> = registration.inputs.iter().map(|input| input.get().to_string()).collect();
        let (function, version) = (registration.name.clone(), registration.version.to_string());
        table.row([page.get().to_string(), name(graph, page), function, version, inputs.join(" ")]);
    }
    table
}

fn name(graph: &GraphView, page: PageId) -> String {
    graph.page_name(page).map(|name| name.to_string()).unwrap_or_default()
}
