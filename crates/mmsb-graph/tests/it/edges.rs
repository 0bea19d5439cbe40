//! Adding, removing and asking.

use insta::assert_snapshot;
use mmsb_graph::{Edge, Graph, GraphError};
use mmsb_types::EdgeKind;

use crate::make::{add, edge, edges, graph, numbers, page, show};

#[track_caller]
fn refuses(before: &str, closing: &str) -> String {
    let mut graph = graph(before);
    let copy = graph.clone();
    let error = add(&mut graph, edge(closing)).expect_err("it closes a cycle");
    assert_eq!(graph, copy, "a refused edge changed the graph");
    assert_eq!(graph.order(), copy.order(), "a refused edge changed ranks");
    assert_eq!(graph.check(), []);
    error.to_string()
}

#[test]
fn an_edge_that_closes_a_cycle_is_refused_and_the_cycle_named() {
    assert_snapshot!(refuses("1>2 2>3", "3>1"), @"edge page:3 -> page:1 closes the cycle page:3 -> page:1 -> page:2 -> page:3");
}

#[test]
fn the_shortest_way_back_is_named_and_of_several_the_first() {
    let before = "1>2 2>3 3>9 1>5 5>9 1>4 4>9";
    assert_snapshot!(refuses(before, "9>1"), @"edge page:9 -> page:1 closes the cycle page:9 -> page:1 -> page:4 -> page:9");
}

#[test]
fn edges_of_every_kind_close_cycles() {
    assert_snapshot!(refuses("1-c>2 2-g>3", "3-p>1"), @"edge page:3 -> page:1 closes the cycle page:3 -> page:1 -> page:2 -> page:3");
}

#[test]
fn a_page_cannot_depend_on_itself() {
    assert_snapshot!(refuses("1>2", "7>7"), @"edge page:7 -> page:7 closes the cycle page:7 -> page:7");
}

#[test]
fn a_long_cycle_is_told_by_its_ends() {
    let before: Vec<String> = (1..40).map(|number| format!("{number}>{}", number + 1)).collect();
    assert_snapshot!(refuses(&before.join(" "), "40>1"), @"edge page:40 -> page:1 closes the cycle page:40 -> page:1 -> page:2 -> page:3 -> page:4 -> page:5 -> page:6 -> page:7 -> (24 more) -> page:32 -> page:33 -> page:34 -> page:35 -> page:36 -> page:37 -> page:38 -> page:39 -> page:40");
}

#[test]
fn an_edge_added_twice_is_one() {
    let mut graph = graph("1>2");
    assert_eq!(add(&mut graph, edge("1>2")), Ok(false));
    assert_eq!(add(&mut graph, edge("1-p>2")), Ok(true));
    assert_snapshot!(show(&graph.edges()), @"1>2 1-p>2");
}

#[test]
fn removing_one_of_two_kinds_leaves_the_dependence() {
    let mut graph = graph("1>2 1-p>2 1-c>2");
    assert!(graph.remove_edge(page(1), page(2), EdgeKind::Data));
    assert!(!graph.remove_edge(page(1), page(2), EdgeKind::Data));
    assert!(graph.has_dependents(page(1)));
    assert!(graph.remove_edge(page(1), page(2), EdgeKind::Compiler));
    assert!(!graph.has_dependents(page(1)));
    assert_snapshot!(show(&graph.edges()), @"1-c>2");
    assert_eq!(graph.check(), []);
}

#[test]
fn removing_an_edge_lets_what_follows_sink() {
    let mut graph = graph("1>2 2>3 3>4 0>3");
    assert_eq!(graph.rank(page(4)), Some(3));
    graph.remove_edge(page(2), page(3), EdgeKind::Data);
    assert_eq!(graph.rank(page(4)), Some(2));
    assert_eq!(graph.check(), []);
}

#[test]
fn a_page_without_edges_is_not_in_the_graph() {
    let mut graph = graph("1>2 2>3");
    assert_snapshot!(show(&graph.remove_page(page(2))), @"1>2 2>3");
    assert!(!graph.contains(page(1)) && !graph.contains(page(3)));
    assert_eq!(graph, Graph::new());
    assert_eq!(graph.remove_page(page(2)), []);
}

#[test]
fn neighbours_near_and_far_rise() {
    let graph = graph("5>3 1>3 3>9 3>2 2>7 1-c>7 3-g>9");
    assert_snapshot!(numbers(graph.parents(page(3))), @"1 5");
    assert_snapshot!(numbers(graph.children(page(3))), @"2 9");
    assert_snapshot!(numbers(graph.children_by(page(1), EdgeKind::Control)), @"7");
    assert_snapshot!(numbers(graph.ancestors(page(7))), @"1 2 3 5");
    assert_snapshot!(numbers(graph.descendants(page(1))), @"2 3 7 9");
    assert_snapshot!(numbers(graph.order()), @"1 5 3 2 9 7");
    assert_snapshot!(show(&graph.edges_at(page(7))), @"1-c>7 2>7");
}

#[test]
fn the_drawing_does_not_tell_how_the_graph_came_to_be() {
    let mut list = edges("1>2 1-c>3 2-g>3 2-p>4");
    let one = Graph::from_edges(list.iter().copied()).expect("no cycle");
    list.reverse();
    let other = Graph::from_edges(list).expect("no cycle");
    let name = |id| (id == page(1)).then(|| "the \"first\"".to_owned());
    assert_eq!(one.dot(name), other.dot(name));
    assert_snapshot!(one.dot(name), @r#"
digraph {
    0 [ label = "the \"first\""]
    1 [ label = "page:2"]
    2 [ label = "page:3"]
    3 [ label = "page:4"]
    0 -> 1 [ ]
    0 -> 2 [ label = "control", style = dashed]
    1 -> 2 [ label = "gpu sync", style = dotted]
    1 -> 3 [ label = "compiler"]
}
"#);
}

#[test]
fn a_cycle_among_many_edges_is_named_from_its_lowest_page() {
    let list = edges("1>2 9>8 8>7 7>5 5>9 5>6 2>8");
    let error = Graph::from_edges(list).expect_err("9, 8, 7 and 5 go round");
    assert_snapshot!(error, @"edge page:5 -> page:9 closes the cycle page:5 -> page:9 -> page:8 -> page:7 -> page:5");
}

#[test]
fn a_graph_takes_no_more_pages_than_it_may() {
    let mut graph = Graph::with_page_limit(3);
    assert_eq!(add(&mut graph, edge("1>2")), Ok(true));
    let error = add(&mut graph, edge("2>3")).expect_err("an edge may bring two pages");
    assert_snapshot!(error, @"no room for an edge's pages in a graph of at most 3");
    assert_snapshot!(show(&graph.edges()), @"1>2");
}

#[test]
fn deep_chains_need_no_stack() {
    const PAGES: u64 = 100_000;
    let work = || {
        let edges = (1..PAGES).rev().map(|number| Edge::new(page(number), page(number + 1), EdgeKind::Data));
        let mut graph = Graph::from_edges(edges).expect("no cycle");
        let back = graph.add_edge(page(PAGES), page(1), EdgeKind::Control);
        assert!(matches!(back, Err(GraphError::Cycle { pages }) if pages.len() as u64 == PAGES));
        assert_eq!(graph.rank(page(PAGES)), Some(PAGES as u32 - 1));
        assert_eq!(graph.components().len() as u64, PAGES);
        assert_eq!(graph.ancestors(page(PAGES)).len() as u64, PAGES - 1);
        assert!(graph.remove_edge(page(1), page(2), EdgeKind::Data));
        assert_eq!(graph.rank(page(PAGES)), Some(PAGES as u32 - 2));
        assert_eq!(graph.check(), []);
    };
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(work).expect("a thread");
    thread.join().expect("the stack sufficed");
}
