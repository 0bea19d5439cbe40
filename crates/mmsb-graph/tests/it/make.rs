//! Graphs, edges and reports as short text: "1>2" is a Data edge, "1-c>2" one of another kind.

use mmsb_graph::{Edge, Graph, GraphError, Outcome, Ran, Recompute, Schedule, Step, Wave};
use mmsb_types::{EdgeKind, PageId};

/// Makes the id with this number.
pub fn page(number: u64) -> PageId {
    PageId::new(number)
}

/// Reads edges: words like `1>2`, with a letter for a kind other than Data: `c`ontrol, `g`pu sync, com`p`iler.
pub fn edges(text: &str) -> Vec<Edge> {
    text.split_whitespace().map(edge).collect()
}

/// Reads one edge.
pub fn edge(word: &str) -> Edge {
    let (source, target) = word.split_once('>').expect("an edge is written 1>2");
    let (source, kind) = source.split_once('-').unwrap_or((source, ""));
    let kind = match kind {
        "" => EdgeKind::Data,
        "c" => EdgeKind::Control,
        "g" => EdgeKind::GpuSync,
        "p" => EdgeKind::Compiler,
        other => panic!("no kind is called {other}"),
    };
    let number = |text: &str| page(text.parse().expect("a page's number"));
    Edge::new(number(source), number(target), kind)
}

/// Makes a graph edge by edge.
pub fn graph(text: &str) -> Graph {
    let mut graph = Graph::new();
    for edge in edges(text) {
        add(&mut graph, edge).expect("no cycle");
    }
    graph
}

/// Adds one edge.
pub fn add(graph: &mut Graph, edge: Edge) -> Result<bool, GraphError> {
    graph.add_edge(edge.source, edge.target, edge.kind)
}

/// Writes edges as they are read.
pub fn show(edges: &[Edge]) -> String {
    let words: Vec<String> = edges.iter().map(show_edge).collect();
    words.join(" ")
}

fn show_edge(edge: &Edge) -> String {
    let kind = match edge.kind {
        EdgeKind::Data => "",
        EdgeKind::Control => "-c",
        EdgeKind::GpuSync => "-g",
        EdgeKind::Compiler => "-p",
    };
    format!("{}{kind}>{}", edge.source.get(), edge.target.get())
}

/// Writes pages as numbers.
pub fn numbers(pages: impl IntoIterator<Item = PageId>) -> String {
    let words: Vec<String> = pages.into_iter().map(|page| page.get().to_string()).collect();
    words.join(" ")
}

/// Computes nothing: pages named in `equal` stay the same, `failing` fails, all others change.
#[derive(Default)]
pub struct Plan {
    pub equal: Vec<u64>,
    pub failing: Option<u64>,
}

impl Recompute for Plan {
    type Error = String;

    fn recompute(&mut self, step: &Step) -> Result<Outcome, String> {
        let number = step.page.get();
        if self.failing == Some(number) {
            return Err(format!("{} failed", step.page));
        }
        Ok(if self.equal.contains(&number) { Outcome::Equal } else { Outcome::Changed })
    }
}

/// Runs one wave from these touched pages and tells each page that ran with its causes, `=` marking the equal
/// ones, and then who was skipped.
pub fn wave(graph: &Graph, touched: &[u64], equal: &[u64]) -> String {
    let mut schedule = Schedule::new();
    touched.iter().for_each(|&number| schedule.touch(page(number)));
    let mut wave = Wave::default();
    let mut plan = Plan { equal: equal.to_vec(), failing: None };
    schedule.run(graph, &mut plan, &mut wave).expect("nothing fails");
    report(graph, &schedule, &wave)
}

/// Makes a schedule that has seen the graph stay as it is for so many waves: at first it goes by ranks, later along a
/// course.
pub fn walked(graph: &Graph, waves: usize) -> Schedule {
    let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
    for _ in 0..waves {
        schedule.touch(page(1));
        schedule.run(graph, &mut Plan::default(), &mut wave).expect("nothing fails");
    }
    schedule
}

/// Returns each page of the last wave with its causes, rising.
pub fn causes(graph: &Graph, schedule: &Schedule, wave: &Wave) -> Vec<(PageId, Vec<PageId>)> {
    let of = |ran: Ran| {
        let mut causes: Vec<PageId> = schedule.causes(graph, &ran).collect();
        causes.sort_unstable();
        (ran.page, causes)
    };
    wave.ran().map(of).collect()
}

/// Writes a wave's report.
pub fn report(graph: &Graph, schedule: &Schedule, wave: &Wave) -> String {
    let ran = wave.ran().zip(causes(graph, schedule, wave)).map(|(ran, (page, causes))| {
        let sign = if ran.outcome() == Outcome::Equal { "=" } else { "" };
        format!("{}{sign}({})", page.get(), numbers(causes))
    });
    let ran: Vec<String> = ran.collect();
    format!("ran {} | skipped {}", ran.join(" "), numbers(wave.skipped(graph)))
}
