//! The graph in diffs, compared runs, hashes, texts, bytes.

use std::{path::Path, sync::Arc};

use insta::assert_snapshot;
use mmsb::{
    Align, Bus, Durability, EdgeKind, PageId, compare_runs, diff, state_hash, verify_replay_of,
    vfs::MemoryVfs,
};
use mmsb_tlog::LogDir;

use super::bus_with;

#[test]
fn states_that_differ_in_their_edges_alone_differ() {
    let (bus, [a, b, c]) = bus_with();
    let before = bus.link(a, b, EdgeKind::Data).unwrap().epoch;
    bus.unlink(a, b, EdgeKind::Data).unwrap();
    bus.link(b, c, EdgeKind::Control).unwrap();
    let [then, now] = [before, bus.epoch()].map(|epoch| bus.at(epoch).unwrap());
    assert_snapshot!(diff(&then, &now).unwrap(), @"
    e2 and e4 differ in their graphs
      the edge page:1 -> page:2 (data) only on the left
      the edge page:2 -> page:3 (control) only on the right
    ");
    assert_snapshot!(diff(&bus, &then).unwrap(), @"
    e4 and e2 differ in their graphs
      the edge page:2 -> page:3 (control) only on the left
      the edge page:1 -> page:2 (data) only on the right
    ");
    assert!(diff(&now, &bus).unwrap().is_empty());
}

#[test]
fn runs_that_part_in_an_edge_part_there() {
    let [(left, [a, b]), (right, _)] = [bus_with::<2>(), bus_with::<2>()];
    left.link(a, b, EdgeKind::Data).unwrap();
    right.link(a, b, EdgeKind::Data).unwrap();
    assert!(compare_runs(&left, &right, Align::Auto).unwrap().is_same());
    left.link(a, b, EdgeKind::GpuSync).unwrap();
    right.link(a, b, EdgeKind::Control).unwrap();
    assert_snapshot!(compare_runs(&left, &right, Align::Auto).unwrap(), @"
    first difference at e3 / e3
      the edge page:1 -> page:2 (gpu-sync) only on the left
      the edge page:1 -> page:2 (control) only on the right
    ");
}

#[test]
fn a_hash_tells_edges_and_not_how_they_came() {
    let (bus, [a, b]) = bus_with();
    let bare = state_hash(&bus).unwrap();
    bus.link(a, b, EdgeKind::Data).unwrap();
    let one = state_hash(&bus).unwrap();
    bus.link(a, b, EdgeKind::Control).unwrap();
    let both = state_hash(&bus).unwrap();
    assert!(bare != one && one != both && bare != both);
    bus.unlink(a, b, EdgeKind::Control).unwrap();
    assert_eq!(state_hash(&bus).unwrap(), one);
    bus.unlink(a, b, EdgeKind::Data).unwrap();
    assert_eq!(state_hash(&bus).unwrap(), bare, "a state without a graph hashes as before there were any");
}

#[test]
fn hashes_in_the_log_tell_edges_and_a_replay_agrees() {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let bus = Bus::builder().state_hash_every(2).create_on(vfs.clone(), path).unwrap();
    let [a, b, c] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
    for turn in 0..6 {
        bus.link(a, b, EdgeKind::Data).unwrap();
        bus.put(b, 0, &turn).unwrap();
        bus.link(b, c, EdgeKind::from_number(turn % 4).unwrap()).unwrap();
        bus.checkpoint().unwrap();
        bus.unlink(a, b, EdgeKind::Data).unwrap();
    }
    bus.stop().unwrap();
    let verified = verify_replay_of(LogDir::open(vfs, path).unwrap(), |_| {}).unwrap();
    assert_eq!((&verified.difference, verified.equal), (&None, verified.last));
    assert!(verified.hash_count >= 13 && verified.checkpoint_count == 6, "{verified:?}");
}

#[test]
fn a_graph_as_text_names_its_pages() {
    let bus = Bus::in_memory().unwrap();
    let rules = bus.create_page("rules", 8).unwrap();
    let world = bus.create_page("the \"world\"", 8).unwrap();
    bus.link(rules, world, EdgeKind::Control).unwrap();
    let graph = bus.graph().unwrap();
    assert_snapshot!(graph, @r#"
    e3: 1 edges of 2 pages, 0 derived, 0 stale
      page:1 "rules" -> page:2 "the \"world\"" (control)
    "#);
    assert_snapshot!(graph.dot(), @r#"
    digraph {
        0 [ label = "rules"]
        1 [ label = "the \"world\""]
        0 -> 1 [ label = "control", style = dashed]
    }
    "#);
    assert_eq!(graph.page_name(rules).map(|name| &**name), Some("rules"));
}

#[test]
fn the_frame_of_a_link_is_these_bytes() {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let bus = Bus::builder().instance_id([1; 16]).create_on(vfs.clone(), path).unwrap();
    let [a, b] = [(); 2].map(|()| bus.create_page(None, 8).unwrap());
    let mut tx = bus.begin().durability(Durability::Written);
    tx.link(a, b, EdgeKind::Compiler).unwrap();
    tx.commit().unwrap();
    let told = bus.commits().unwrap().last().unwrap().unwrap();
    let lsn = told.lsn.get() as usize;
    let file = mmsb::vfs::Vfs::open(&*vfs, &path.join("seg-1"), mmsb::vfs::Access::ReadOnly).unwrap();
    let mut frame = vec![0; told.frame_bytes];
    assert_eq!(file.read_at(lsn as u64, &mut frame).unwrap(), frame.len());
    let words = frame.chunks(8).map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @"
    4000000001000000
    0300000000000000
    0000000000000000
    c2f878a595f5ae15
    0300010018000000
    1003000000000000
    0100000000000000
    0200000000000000
    ");
    assert_eq!(PageId::new(2), b);
}
