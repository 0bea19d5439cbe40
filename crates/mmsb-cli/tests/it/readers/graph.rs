//! `mmsb graph`: who depends on whom, now and then; and what `log`, `diff` and `info` tell of it.

use std::path::Path;

use mmsb::{Bus, EdgeKind};

use crate::command::{mmsb, mmsb_ok};

/// Three pages; edges that come and go, the first ones by epoch 3.
fn make(path: &Path) {
    let bus = Bus::builder().instance_id([7; 16]).create(path).expect("the bus begins");
    let [rules, world, view] =
        ["rules", "world", "view"].map(|name| bus.create_page(name, 8).expect("a page"));
    let mut tx = bus.begin();
    tx.link(rules, world, EdgeKind::Control).expect("pages that live");
    tx.link(world, view, EdgeKind::Data).expect("pages that live");
    tx.commit().expect("no cycle");
    bus.unlink(world, view, EdgeKind::Data).expect("it is there");
    bus.link(rules, view, EdgeKind::GpuSync).expect("no cycle");
    bus.stop().expect("it stops");
}

#[track_caller]
fn told(args: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    mmsb_ok(dir.path(), args).text().to_owned()
}

#[test]
fn graph_lists_edges() {
    insta::assert_snapshot!(told(&["graph", "a.mmsb"]), @"");
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--at", "e4"]), @"");
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--at", "e3"]), @"");
}

#[test]
fn graph_is_drawn_by_graphviz() {
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--dot", "--at", "4"]), @"");
}

#[test]
fn graph_is_told_to_programs() {
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--json"]), @"");
}

#[test]
fn log_and_info_count_edges() {
    let log = told(&["log", "a.mmsb", "--from", "4"]);
    assert!(log.contains("2 linked") && log.contains("1 unlinked"), "{log}");
    let json = told(&["log", "a.mmsb", "--json", "--from", "5", "--to", "5"]);
    let events = r#""graph":[{"kind":"edge_removed","source":2,"target":3,"edge":"data"}]"#;
    assert!(json.contains(events), "{json}");
    let info = told(&["info", "a.mmsb"]);
    assert!(info.contains("2 edges, 0 pages derived, 0 stale"), "{info}");
}

#[test]
fn diff_tells_edges() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    let args = ["diff", "a.mmsb", "--from", "4", "--to", "6"];
    let ran = mmsb(dir.path(), &args);
    assert_eq!((ran.code, &*ran.stderr), (1, ""));
    insta::assert_snapshot!(ran.text(), @"");
    let ran = mmsb(dir.path(), &[&args[..], &["--json"]].concat());
    insta::assert_snapshot!(ran.text(), @"");
}
