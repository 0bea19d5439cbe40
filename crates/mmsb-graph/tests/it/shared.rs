//! Waves by several workers: the same bytes, reports and errors for any number of them.

use std::time::Duration;

use mmsb_graph::{Edge, Graph, Outcome, Recompute, RecomputeShared, Schedule, Step, Wave, Workers};
use mmsb_types::{EdgeKind, PageId};
use proptest::{collection::vec, prelude::*};

use crate::make::{add, causes, page};

const PAGES: u64 = 40;

/// One number for each page: a derived one is made from its parents', those below `failing` excepted.
struct Numbers {
    numbers: Vec<u64>,
    failing: Vec<u64>,
    unprepared: Vec<u64>,
    graph: Graph,
}

impl Numbers {
    fn number(&self, page: PageId) -> u64 {
        self.numbers[page.get() as usize]
    }
}

impl Recompute for Numbers {
    type Error = u64;

    fn recompute(&mut self, step: &Step) -> Result<Outcome, u64> {
        self.prepare(step)?;
        let made = self.compute(step)?;
        Ok(self.finish(step, made))
    }
}

impl RecomputeShared for Numbers {
    type Made = u64;

    fn prepare(&mut self, step: &Step) -> Result<(), u64> {
        let number = step.page.get();
        if self.unprepared.contains(&number) { Err(number) } else { Ok(()) }
    }

    fn compute(&self, step: &Step) -> Result<u64, u64> {
        let number = step.page.get();
        if self.failing.contains(&number) {
            return Err(number);
        }
        let parents = self.graph.parents(step.page).into_iter();
        // Dividing lets some changes end here.
        Ok((parents.map(|parent| self.number(parent)).sum::<u64>() + number) / 3)
    }

    fn finish(&mut self, step: &Step, made: u64) -> Outcome {
        let old = std::mem::replace(&mut self.numbers[step.page.get() as usize], made);
        if old == made { Outcome::Equal } else { Outcome::Changed }
    }
}

/// What a wave told: its report with causes, or the page that failed.
type Told = Result<(Vec<(PageId, Vec<PageId>)>, Wave), u64>;

/// Goes from one change to the next with so many workers; returns all numbers, and what each wave told.
fn go(
    graph: &Graph,
    changes: &[(u64, u64)],
    [failing, unprepared]: [&[u64]; 2],
    count: usize,
) -> (Vec<u64>, Vec<Told>) {
    let (failing, unprepared) = (failing.to_vec(), unprepared.to_vec());
    let mut work = Numbers { numbers: (0..=PAGES).collect(), failing, unprepared, graph: graph.clone() };
    let workers = workers(count);
    let (mut schedule, mut told) = (Schedule::new(), Vec::new());
    for &(source, value) in changes {
        work.numbers[source as usize] = value;
        schedule.touch(page(source));
        let mut wave = Wave::default();
        let result = schedule.run_shared(graph, &mut work, &workers, &mut wave);
        told.push(result.map(|()| (causes(graph, &schedule, &wave), wave)));
    }
    (work.numbers, told)
}

/// Starts so many workers that share out whatever they can.
fn workers(count: usize) -> Workers {
    Workers::new(count, || {}).expect("threads").with_patience(Duration::ZERO)
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
        let alone = go(&graph, &changes, [&[], &[]], 1);
        for count in [2, 3, 8] {
            prop_assert_eq!(&go(&graph, &changes, [&[], &[]], count), &alone);
        }
    }

    #[test]
    fn of_several_errors_the_first_pages_is_told(graph in any_graph(), failing in [vec(6..PAGES, 0..9), vec(6..PAGES, 0..3)]) {
        let failing = failing.each_ref().map(Vec::as_slice);
        let (_, alone) = go(&graph, &[(1, 500)], failing, 1);
        for _ in 0..4 {
            prop_assert_eq!(&go(&graph, &[(1, 500)], failing, 4).1, &alone);
        }
    }
}

#[test]
fn a_wide_rank_is_shared_out_and_told_in_order() {
    let mut graph = Graph::new();
    for target in 2..PAGES {
        add(&mut graph, Edge::new(page(1), page(target), EdgeKind::Data)).expect("no cycle");
    }
    let (numbers, told) = go(&graph, &[(1, 300)], [&[], &[]], 4);
    let (causes, wave) = told[0].as_ref().expect("nothing fails");
    assert_eq!(wave.ran().map(|ran| ran.page.get()).collect::<Vec<_>>(), (2..PAGES).collect::<Vec<_>>());
    assert!(causes.iter().all(|(_, causes)| *causes == [page(1)]));
    assert_eq!(numbers[2..PAGES as usize], (2..PAGES).map(|number| (300 + number) / 3).collect::<Vec<_>>());
}

#[test]
fn a_panic_of_one_worker_reaches_the_caller_and_leaves_nothing() {
    struct Panics;
    impl Recompute for Panics {
        type Error = ();
        fn recompute(&mut self, step: &Step) -> Result<Outcome, ()> {
            self.compute(step).map(|()| Outcome::Changed)
        }
    }
    impl RecomputeShared for Panics {
        type Made = ();
        fn prepare(&mut self, _: &Step) -> Result<(), ()> {
            Ok(())
        }
        fn compute(&self, step: &Step) -> Result<(), ()> {
            assert_ne!(step.page, page(3), "as told");
            Ok(())
        }
        fn finish(&mut self, _: &Step, (): ()) -> Outcome {
            Outcome::Changed
        }
    }
    let graph = crate::make::graph("1>2 1>3 1>4 3>5");
    let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
    let workers = workers(2);
    schedule.touch(page(1));
    let run = || schedule.run_shared(&graph, &mut Panics, &workers, &mut wave);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).expect_err("page 3 panics");
    schedule.touch(page(4));
    schedule.run_shared(&graph, &mut Panics, &workers, &mut wave).expect("nothing fails");
    assert_eq!(wave.count(), 0, "4 has no followers, and nobody waits from before");
}
