//! Waves by several workers: the same bytes, reports and errors for any number of them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mmsb_graph::{Edge, Graph, Outcome, RecomputeShared, Schedule, Step, Wave, Workers};
use mmsb_types::EdgeKind;
use proptest::{collection::vec, prelude::*};

use crate::make::{add, page};

const PAGES: u64 = 40;

/// One number for each page: a derived one is made from its parents', those below `failing` excepted.
struct Numbers {
    numbers: Vec<AtomicU64>,
    failing: Vec<u64>,
    graph: Graph,
}

impl RecomputeShared for Numbers {
    type Error = u64;

    fn recompute(&self, step: &Step<'_>) -> Result<Outcome, u64> {
        let number = step.page.get();
        if self.failing.contains(&number) {
            return Err(number);
        }
        let parents = self.graph.parents(step.page).into_iter();
        let sum: u64 = parents.map(|parent| self.numbers[parent.get() as usize].load(Relaxed)).sum();
        // Dividing lets some changes end here.
        let new = (sum + number) / 3;
        let old = self.numbers[number as usize].swap(new, Relaxed);
        Ok(if old == new { Outcome::Equal } else { Outcome::Changed })
    }
}

/// Goes from one change to the next with so many workers; returns all numbers, and what each wave told.
fn go(
    graph: &Graph,
    changes: &[(u64, u64)],
    failing: &[u64],
    count: usize,
) -> (Vec<u64>, Vec<Result<Wave, u64>>) {
    let numbers = (0..=PAGES).map(AtomicU64::new).collect();
    let work = Numbers { numbers, failing: failing.to_vec(), graph: graph.clone() };
    let workers = Workers::new(count).expect("threads").shared_from(2);
    let (mut schedule, mut told) = (Schedule::new(), Vec::new());
    for &(source, value) in changes {
        work.numbers[source as usize].store(value, Relaxed);
        schedule.touch(page(source));
        let mut wave = Wave::default();
        let result = schedule.run_shared(graph, &work, &workers, &mut wave);
        told.push(result.map(|()| wave));
    }
    (work.numbers.into_iter().map(AtomicU64::into_inner).collect(), told)
}

fn any_graph() -> impl Strategy<Value = Graph> {
    vec((1..PAGES, 1..PAGES), 20..200).prop_map(|pairs| {
        let mut graph = Graph::new();
        for (one, other) in pairs.into_iter().filter(|(one, other)| one != other) {
            let edge = Edge::new(page(one.min(other)), page(one.max(other)), EdgeKind::Data);
            add(&mut graph, edge).expect("it goes up");
        }
        graph
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_number_of_workers_does_the_same(graph in any_graph(), changes in vec((1..6_u64, 0..999_u64), 1..6)) {
        let alone = go(&graph, &changes, &[], 1);
        for count in [2, 3, 8] {
            prop_assert_eq!(&go(&graph, &changes, &[], count), &alone);
        }
    }

    #[test]
    fn of_several_errors_the_first_pages_is_told(graph in any_graph(), failing in vec(6..PAGES, 1..9)) {
        let (_, alone) = go(&graph, &[(1, 500)], &failing, 1);
        for _ in 0..4 {
            prop_assert_eq!(&go(&graph, &[(1, 500)], &failing, 4).1, &alone);
        }
    }
}

#[test]
fn a_wide_rank_is_shared_out_and_told_in_order() {
    let mut graph = Graph::new();
    for target in 2..PAGES {
        add(&mut graph, Edge::new(page(1), page(target), EdgeKind::Data)).expect("no cycle");
    }
    let (numbers, told) = go(&graph, &[(1, 300)], &[], 4);
    let wave = told[0].as_ref().expect("nothing fails");
    assert_eq!(wave.ran().map(|ran| ran.page.get()).collect::<Vec<_>>(), (2..PAGES).collect::<Vec<_>>());
    assert!(wave.ran().all(|ran| ran.causes == [page(1)]));
    assert_eq!(numbers[2..PAGES as usize], (2..PAGES).map(|number| (300 + number) / 3).collect::<Vec<_>>());
}

#[test]
fn a_panic_of_one_worker_reaches_the_caller_and_leaves_nothing() {
    struct Panics;
    impl RecomputeShared for Panics {
        type Error = ();
        fn recompute(&self, step: &Step<'_>) -> Result<Outcome, ()> {
            assert_ne!(step.page, page(3), "as told");
            Ok(Outcome::Changed)
        }
    }
    let graph = crate::make::graph("1>2 1>3 1>4 3>5");
    let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
    let workers = Workers::new(2).expect("threads").shared_from(2);
    schedule.touch(page(1));
    let run = || schedule.run_shared(&graph, &Panics, &workers, &mut wave);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).expect_err("page 3 panics");
    schedule.touch(page(4));
    schedule.run_shared(&graph, &Panics, &workers, &mut wave).expect("nothing fails");
    assert_eq!(wave.count(), 0, "4 has no followers, and nobody waits from before");
}
