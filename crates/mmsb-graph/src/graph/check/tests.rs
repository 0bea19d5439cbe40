//! The check against graphs that were broken by hand: each fault must be named.

use insta::assert_snapshot;
use mmsb_types::PageId;

use super::*;

#[track_caller]
fn check(break_it: impl FnOnce(&mut Graph)) -> String {
    let mut graph = Graph::new();
    for (source, target) in [(1, 2), (2, 3), (1, 3)] {
        graph.add_edge(PageId::new(source), PageId::new(target), EdgeKind::Data).expect("no cycle");
    }
    assert_eq!(graph.check(), []);
    break_it(&mut graph);
    let lines: Vec<String> = graph.check().iter().map(Violation::to_string).collect();
    lines.join("\n")
}

#[test]
fn a_wrong_rank_is_named() {
    assert_snapshot!(check(|graph| graph.nodes[2].rank = 1), @"graph/rank at page:3: rank 1, its edges say 2");
}

#[test]
fn a_lost_link_is_named() {
    assert_snapshot!(check(|graph| graph.nodes[0].after.remove(1, EdgeKind::Data)), @"graph/links at page:1: -> page:2 is not linked both ways");
}

#[test]
fn a_link_of_another_kind_is_named() {
    assert_snapshot!(check(|graph| {
        graph.nodes[1].before.remove(0, EdgeKind::Data);
        graph.nodes[1].before.add(0, EdgeKind::Control, false);
    }), @"graph/links at page:1: -> page:2 is not linked both ways");
}

#[test]
fn a_link_without_an_edge_is_told() {
    assert_snapshot!(check(|graph| graph.nodes[0].after.add(2, EdgeKind::Control, true)), @"graph/links at the whole: more is linked than there are edges");
}

#[test]
fn an_edge_that_nobody_linked_is_named() {
    assert_snapshot!(check(|graph| {
        graph.structure.add_edge(index(2), index(0), EdgeKind::Data);
    }), @r#"
graph/counts at the whole: [4, 0, 0, 0] edges, counted as [3, 0, 0, 0]
graph/links at page:3: -> page:1 is not linked both ways
"#);
}

#[test]
fn a_page_that_is_not_at_rest_is_named() {
    assert_snapshot!(check(|graph| graph.nodes[1].is_queued = true), @"graph/at-rest at page:2: waits for its rank");
}

#[test]
fn a_page_sought_elsewhere_is_named() {
    assert_snapshot!(check(|graph| graph.nodes[1].page = PageId::new(9)), @"graph/place at page:9: lies in slot 1, is sought elsewhere");
}

#[test]
fn a_forgotten_page_is_named_and_counted() {
    assert_snapshot!(check(|graph| graph.places.remove(PageId::new(2))), @r#"
graph/place at page:2: lies in slot 1, is sought elsewhere
graph/counts at the whole: 2 pages have a place, 3 are here
"#);
}

#[test]
fn a_wrong_count_is_told() {
    assert_snapshot!(check(|graph| graph.kind_counts[1] = 4), @"graph/counts at the whole: [3, 0, 0, 0] edges, counted as [3, 4, 0, 0]");
}
