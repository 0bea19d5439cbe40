//! The table of layers against workspaces that break it.

use insta::assert_snapshot;
use xtask::layers::{TABLE, Workspace, check, diagram};

fn workspace(edges: &[(&str, &str)]) -> Workspace {
    let crates = TABLE.iter().map(|layer| layer.name.to_owned()).collect();
    let edges = edges.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    Workspace { crates, edges }
}

#[test]
fn every_edge_of_the_table_is_allowed() {
    let uses = TABLE.iter().flat_map(|layer| layer.may_use.iter().map(|used| (layer.name, used.name)));
    assert_eq!(check(&workspace(&uses.collect::<Vec<_>>())), Vec::<String>::new());
}

#[test]
fn an_edge_outside_the_table_is_named_with_its_rule() {
    let found = check(&workspace(&[
        ("mmsb-page", "mmsb-delta"),
        ("mmsb-types", "mmsb"),
        ("mmsb-cli", "mmsb-tlog"),
        ("mmsb", "mmsb-tlog"),
    ]));
    assert_snapshot!(found.join("\n"), @"
    mmsb-page -> mmsb-delta is not an allowed edge; mmsb-page may use mmsb-types
    mmsb-types -> mmsb is not an allowed edge; mmsb-types may use no crate of the workspace
    mmsb-cli -> mmsb-tlog is not an allowed edge; mmsb-cli may use mmsb
    ");
}

#[test]
fn a_crate_that_only_one_side_knows_is_named() {
    let mut workspace = workspace(&[("mmsb-shm", "mmsb-types")]);
    workspace.crates.retain(|name| name != "mmsb-tlog");
    workspace.crates.push("mmsb-shm".to_owned());
    assert_snapshot!(check(&workspace).join("\n"), @"
    mmsb-shm is not in the table (xtask/src/layers.rs)
    mmsb-tlog is in the table but not in the workspace
    mmsb-shm -> mmsb-types is not an allowed edge; mmsb-shm may use no crate of the workspace
    ");
}

#[test]
fn the_table_is_bottom_up_and_names_each_crate_once() {
    for (index, layer) in TABLE.iter().enumerate() {
        let below = &TABLE[..index];
        assert!(below.iter().all(|other| other.name != layer.name), "{} stands twice", layer.name);
        assert!(below.iter().all(|other| other.rank <= layer.rank), "{} stands too high", layer.name);
        for used in layer.may_use {
            assert!(below.iter().any(|other| other.name == used.name), "{} uses {}", layer.name, used.name);
        }
    }
}

#[test]
fn the_diagram_has_one_line_a_rank() {
    assert_snapshot!(diagram(), @"
    rank 0  mmsb-types
    rank 1  mmsb-page (types)   mmsb-delta (types)   mmsb-graph (types)
    rank 2  mmsb-tlog (types, delta)   mmsb-gpu (types, delta)
    rank 3  mmsb (types, page, delta, graph, tlog, gpu)
    rank 4  mmsb-testkit (types, page, delta, tlog, mmsb)   mmsb-cli (mmsb)   benches (types, page, delta, graph, tlog, gpu, mmsb, testkit, cli)   xtask
    ");
}

#[test]
fn the_architecture_shows_each_crate_at_its_rank() {
    let text = include_str!("../../../ARCHITECTURE.md");
    for layer in TABLE {
        let rank = format!("rank {} ", layer.rank);
        let row = text.lines().find(|line| line.starts_with(&rank)).expect("a line for the rank");
        assert!(row.split_whitespace().any(|word| word == layer.name), "{} is not in `{row}`", layer.name);
    }
}

#[test]
fn dev_dependencies_are_no_edges_and_cargo_is_asked() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let real = Workspace::read(root).unwrap();
    let has = |from: &str, to: &str| real.edges.iter().any(|edge| edge.0 == from && edge.1 == to);
    assert!(has("mmsb", "mmsb-types"), "a normal dependency is an edge: {:?}", real.edges);
    assert!(!has("mmsb", "mmsb-testkit"), "a dev-dependency is none: {:?}", real.edges);
}
