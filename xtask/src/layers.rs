//! Who may depend on whom: the table of ARCHITECTURE.md, compared with what the manifests say.
//!
//! Each layer is a constant that names the layers it may use. A constant cannot refer to itself, not
//! even in a roundabout way, so the table cannot express a cycle: the compiler would refuse it.
//!
//! Invariant: an edge that is not in the table is refused; dev-dependencies are no edges.

mod metadata;

use std::{fmt::Write as _, path::Path};

use anyhow::Result;

pub use metadata::Workspace;

/// One crate of the workspace and what it may depend on.
#[derive(Debug)]
pub struct Layer {
    /// The package's name.
    pub name: &'static str,
    /// Its height: 0 is the vocabulary, 4 is what people start.
    pub rank: u8,
    /// The layers it may depend on, all of them further down.
    pub may_use: &'static [&'static Layer],
}

const TYPES: Layer = layer("mmsb-types", 0, &[]);
const PAGE: Layer = layer("mmsb-page", 1, &[&TYPES]);
const DELTA: Layer = layer("mmsb-delta", 1, &[&TYPES]);
const GRAPH: Layer = layer("mmsb-graph", 1, &[&TYPES]);
const TLOG: Layer = layer("mmsb-tlog", 2, &[&TYPES, &DELTA]);
const GPU: Layer = layer("mmsb-gpu", 2, &[&TYPES, &DELTA]);
const MMSB: Layer = layer("mmsb", 3, &[&TYPES, &PAGE, &DELTA, &GRAPH, &TLOG, &GPU]);
const TESTKIT: Layer = layer("mmsb-testkit", 4, &[&TYPES, &PAGE, &DELTA, &TLOG, &MMSB]);
const CLI: Layer = layer("mmsb-cli", 4, &[&MMSB]);
const BENCHES: Layer =
    layer("benches", 4, &[&TYPES, &PAGE, &DELTA, &GRAPH, &TLOG, &GPU, &MMSB, &TESTKIT, &CLI]);
const XTASK: Layer = layer("xtask", 4, &[]);

/// The table, bottom-up.
pub const TABLE: &[Layer] = &[TYPES, PAGE, DELTA, GRAPH, TLOG, GPU, MMSB, TESTKIT, CLI, BENCHES, XTASK];

const fn layer(name: &'static str, rank: u8, may_use: &'static [&'static Layer]) -> Layer {
    let mut index = 0;
    while index < may_use.len() {
        assert!(may_use[index].rank <= rank, "a layer uses nothing above itself");
        index += 1;
    }
    Layer { name, rank, may_use }
}

/// Prints the diagram, compares the workspace with the table, and tells whether they agree.
///
/// # Errors
/// If `cargo metadata` fails.
pub fn run(root: &Path) -> Result<bool> {
    let workspace = Workspace::read(root)?;
    print!("{}", diagram());
    let problems = check(&workspace);
    problems.iter().for_each(|problem| eprintln!("layers: {problem}"));
    if problems.is_empty() {
        println!("layers: {} crates, {} edges, all allowed", workspace.crates.len(), workspace.edges.len());
    }
    Ok(problems.is_empty())
}

/// Returns one line for each way in which the workspace departs from the table.
#[must_use]
pub fn check(workspace: &Workspace) -> Vec<String> {
    let strangers = workspace.crates.iter().filter(|name| find(name).is_none());
    let ghosts = TABLE.iter().filter(|layer| !workspace.crates.iter().any(|name| name == layer.name));
    let edges = workspace.edges.iter().filter(|(from, to)| !allows(from, to));
    strangers
        .map(|name| format!("{name} is not in the table (xtask/src/layers.rs)"))
        .chain(ghosts.map(|layer| format!("{} is in the table but not in the workspace", layer.name)))
        .chain(edges.map(|(from, to)| format!("{from} -> {to} is not an allowed edge; {}", rule(from))))
        .collect()
}

/// Returns the layers as text, one line for each rank.
#[must_use]
pub fn diagram() -> String {
    let mut text = String::new();
    for rank in 0..=TABLE.iter().map(|layer| layer.rank).max().unwrap_or(0) {
        let row: Vec<String> = TABLE.iter().filter(|layer| layer.rank == rank).map(describe).collect();
        let _ = writeln!(text, "rank {rank}  {}", row.join("   "));
    }
    text
}

fn describe(layer: &Layer) -> String {
    let uses: Vec<&str> = layer.may_use.iter().map(|used| short(used.name)).collect();
    if uses.is_empty() { layer.name.to_owned() } else { format!("{} ({})", layer.name, uses.join(", ")) }
}

fn short(name: &str) -> &str {
    name.strip_prefix("mmsb-").unwrap_or(name)
}

fn find(name: &str) -> Option<&'static Layer> {
    TABLE.iter().find(|layer| layer.name == name)
}

fn allows(from: &str, to: &str) -> bool {
    find(from).is_some_and(|layer| layer.may_use.iter().any(|used| used.name == to))
}

fn rule(from: &str) -> String {
    match find(from).map(|layer| layer.may_use) {
        None | Some([]) => format!("{from} may use no crate of the workspace"),
        Some(uses) => {
            let names: Vec<&str> = uses.iter().map(|used| used.name).collect();
            format!("{from} may use {}", names.join(", "))
        }
    }
}
