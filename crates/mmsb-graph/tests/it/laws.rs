//! Random graphs and waves against models that are naive: sets of edges, and searches without any order.

use std::collections::{BTreeMap, BTreeSet};

use mmsb_graph::{Edge, Graph, GraphError, Schedule, Wave};
use mmsb_types::{EdgeKind, PageId};
use proptest::{collection::vec, prelude::*};

use crate::make::{Plan, add, causes, page};

const PAGES: u64 = 12;

fn any_edge() -> impl Strategy<Value = Edge> {
    (1..=PAGES, 1..=PAGES, 0u8..4).prop_map(|(source, target, kind)| {
        Edge::new(page(source), page(target), EdgeKind::from_number(kind).expect("there are four"))
    })
}

#[derive(Clone, Debug)]
enum Op {
    Add(Edge),
    Remove(Edge),
    Leave(PageId),
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => any_edge().prop_map(Op::Add),
        3 => any_edge().prop_map(Op::Remove),
        1 => (1..=PAGES).prop_map(|number| Op::Leave(page(number))),
    ]
}

fn reaches(edges: &BTreeSet<Edge>, from: PageId, to: PageId) -> bool {
    let mut seen = BTreeSet::from([from]);
    for _ in 0..=PAGES {
        let next: Vec<PageId> =
            edges.iter().filter(|edge| seen.contains(&edge.source)).map(|edge| edge.target).collect();
        seen.extend(next);
    }
    seen.contains(&to)
}

/// The longest way to each page, by raising until nothing moves.
fn ranks(edges: &BTreeSet<Edge>) -> BTreeMap<PageId, u32> {
    let mut ranks: BTreeMap<PageId, u32> =
        edges.iter().flat_map(|edge| [edge.source, edge.target]).map(|page| (page, 0)).collect();
    for _ in 0..=PAGES {
        for edge in edges {
            let least = ranks[&edge.source] + 1;
            ranks.entry(edge.target).and_modify(|rank| *rank = least.max(*rank));
        }
    }
    ranks
}

fn step(graph: &mut Graph, model: &mut BTreeSet<Edge>, op: &Op) {
    match *op {
        Op::Add(edge) => step_add(graph, model, edge),
        Op::Remove(edge) => {
            let removed = graph.remove_edge(edge.source, edge.target, edge.kind);
            assert_eq!(removed, model.remove(&edge));
        }
        Op::Leave(page) => {
            let gone: Vec<Edge> =
                model.iter().copied().filter(|edge| edge.source == page || edge.target == page).collect();
            assert_eq!(graph.remove_page(page), gone);
            model.retain(|edge| !gone.contains(edge));
        }
    }
}

fn step_add(graph: &mut Graph, model: &mut BTreeSet<Edge>, edge: Edge) {
    match add(graph, edge) {
        Ok(new) => {
            assert!(!reaches(model, edge.target, edge.source), "{edge:?} closes a cycle");
            assert_eq!(new, model.insert(edge));
        }
        Err(GraphError::Cycle { pages }) => {
            assert_eq!((pages[0], pages[1 % pages.len()]), (edge.source, edge.target));
            let back = pages[1..].iter().zip(pages[1..].iter().skip(1).chain(&pages[..1]));
            back.for_each(|(&source, &target)| assert!(stands(model, source, target)));
        }
        Err(other) => panic!("{other}"),
    }
}

fn stands(edges: &BTreeSet<Edge>, source: PageId, target: PageId) -> bool {
    edges.iter().any(|edge| (edge.source, edge.target) == (source, target))
}

proptest! {
    #[test]
    fn a_graph_is_its_edges(ops in vec(any_op(), 1..120)) {
        let (mut graph, mut model) = (Graph::new(), BTreeSet::new());
        for op in &ops {
            step(&mut graph, &mut model, op);
            prop_assert_eq!(graph.check(), []);
        }
        prop_assert_eq!(graph.edges(), model.iter().copied().collect::<Vec<_>>());
        let ranks = ranks(&model);
        for number in 1..=PAGES {
            prop_assert_eq!(graph.rank(page(number)), ranks.get(&page(number)).copied());
        }
        prop_assert_eq!(graph.page_count(), ranks.len());
        prop_assert!(graph.components().iter().all(|component| component.len() == 1));
    }

    #[test]
    fn many_edges_at_once_are_what_they_are_one_by_one(list in vec(any_edge(), 1..40)) {
        let mut graph = Graph::new();
        let refused = list.iter().filter(|&&edge| add(&mut graph, edge).is_err()).count();
        match Graph::from_edges(list.iter().copied()) {
            Ok(bulk) => {
                prop_assert_eq!((bulk.check(), bulk.order(), refused), (vec![], graph.order(), 0));
                prop_assert_eq!(bulk, graph);
            }
            Err(GraphError::Cycle { pages }) => {
                let model = list.iter().copied().collect();
                prop_assert!(refused > 0 && pages.iter().min() == pages.first() || pages.len() == 1);
                let around = pages.iter().zip(pages.iter().cycle().skip(1));
                around.for_each(|(&source, &target)| assert!(stands(&model, source, target)));
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_wave_is_what_searching_says(
        list in vec(any_edge(), 1..40),
        waves in 1..40,
        touched in vec(1..=PAGES, 1..4),
        equal in vec(1..=PAGES, 0..6),
    ) {
        let mut graph = Graph::new();
        let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
        // Edges come one after the other, and each time waves go on until they know the way.
        for &edge in &list {
            drop(add(&mut graph, edge));
            for _ in 0..waves {
                touched.iter().for_each(|&number| schedule.touch(page(number)));
                let mut plan = Plan { equal: equal.clone(), failing: None };
                schedule.run(&graph, &mut plan, &mut wave).expect("nothing fails");
                prop_assert_eq!(causes(&graph, &schedule, &wave), naive(&graph, &touched, &equal));
                let order = graph.order();
                let at = |page| order.iter().position(|&other| other == page);
                prop_assert!(wave.ran().is_sorted_by_key(|ran| at(ran.page)));
            }
        }
    }
}

/// Goes through all pages in order and asks of each whether an input of it changed.
fn naive(graph: &Graph, touched: &[u64], equal: &[u64]) -> Vec<(PageId, Vec<PageId>)> {
    let mut changed: BTreeSet<PageId> = touched.iter().map(|&number| page(number)).collect();
    let mut ran = Vec::new();
    for target in graph.order() {
        let data = graph
            .edges_at(target)
            .into_iter()
            .filter(|edge| edge.target == target && matches!(edge.kind, EdgeKind::Data | EdgeKind::Compiler));
        let causes: BTreeSet<PageId> =
            data.map(|edge| edge.source).filter(|source| changed.contains(source)).collect();
        if causes.is_empty() {
            continue;
        }
        if !equal.contains(&target.get()) {
            changed.insert(target);
        }
        ran.push((target, causes.into_iter().collect()));
    }
    ran
}
