//! `mmsb graph`: who depends on whom, now and then; and what `log`, `diff` and `info` tell of it.

use std::path::Path;

use mmsb::{Bus, EdgeKind};

use crate::{
    command::{mmsb, mmsb_ok},
    support::testdata,
};

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
    insta::assert_snapshot!(told(&["graph", "a.mmsb"]), @"
    e6: 2 edges of 3 pages, 0 derived, 0 stale
    source  name   target  name   edge      target is
         1  rules       2  world  control
         1  rules       3  view   gpu-sync
    ");
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--at", "e4"]), @"
    e4: 2 edges of 3 pages, 0 derived, 0 stale
    source  name   target  name   edge     target is
         1  rules       2  world  control
         2  world       3  view   data
    ");
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--at", "e3"]), @"e3: 0 edges of 0 pages, 0 derived, 0 stale");
}

#[test]
fn graph_is_drawn_by_graphviz() {
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--dot", "--at", "4"]), @r#"
    digraph {
        0 [ label = "rules"]
        1 [ label = "world"]
        2 [ label = "view"]
        0 -> 1 [ label = "control", style = dashed]
        1 -> 2 [ ]
    }
    "#);
}

#[test]
fn graph_is_told_to_programs() {
    insta::assert_snapshot!(told(&["graph", "a.mmsb", "--json"]), @r#"
    {"kind":"edge","source":1,"target":2,"edge":"control"}
    {"kind":"edge","source":1,"target":3,"edge":"gpu-sync"}
    "#);
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
    insta::assert_snapshot!(ran.text(), @"
    e4 and e6 differ in their graphs
      the edge page:2 -> page:3 (data) only on the left
      the edge page:1 -> page:3 (gpu-sync) only on the right
    ");
    let ran = mmsb(dir.path(), &[&args[..], &["--json"]].concat());
    insta::assert_snapshot!(ran.text(), @r#"{"same":false,"left":4,"right":6,"pages":[],"graph":[{"kind":"edge_only_left","source":2,"target":3,"edge":"data"},{"kind":"edge_only_right","source":1,"target":3,"edge":"gpu-sync"}]}"#);
}

#[test]
fn derived_and_stale_pages_are_listed() {
    let bus = testdata("buses/v2-graph");
    insta::assert_snapshot!(mmsb_ok(&bus, &["graph", "bus", "--at", "4"]).text(), @"
    e4: 7 edges of 6 pages, 2 derived, 1 stale
    source  name  target  name  edge      target is
         1             3        data
         1             6        gpu-sync
         2             3        data
         3             4        data      stale
         4             6        compiler
         5             4        control   stale
         5             6        data
    derived  name  function  version  inputs
          3        sum             3  2 1 2
          4                        3  3
    ");
    let objects = mmsb_ok(&bus, &["graph", "bus", "--json", "--at", "4"]).json();
    let derived: Vec<_> = objects.iter().filter(|object| object["kind"] != "edge").collect();
    insta::assert_snapshot!(serde_json::to_string(&derived).expect("objects"), @r#"[{"function":"sum","inputs":[2,1,2],"kind":"derived","page":3,"version":3},{"function":"","inputs":[3],"kind":"derived","page":4,"version":3},{"kind":"stale","page":4}]"#);
}
