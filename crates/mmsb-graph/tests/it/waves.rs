//! Waves: what ran, in which order, why, and what did not run.

use insta::assert_snapshot;
use mmsb_graph::{Schedule, Wave};

use crate::make::{Plan, graph, page, report, walked, wave};

#[test]
fn a_change_runs_down_a_chain() {
    assert_snapshot!(wave(&graph("1>2 2>3 3>4"), &[1], &[]), @"ran 2(1) 3(2) 4(3) | skipped");
}

#[test]
fn a_wave_stops_where_bytes_stay_the_same() {
    assert_snapshot!(wave(&graph("1>2 2>3 3>4"), &[1], &[2]), @"ran 2=(1) | skipped 3");
}

#[test]
fn a_page_with_several_changed_inputs_runs_once() {
    assert_snapshot!(wave(&graph("1>2 1>3 1>4 2>5 3>5 4>5"), &[1], &[3]), @"ran 2(1) 3=(1) 4(1) 5(2 4) | skipped");
}

#[test]
fn a_page_waits_for_its_longest_way() {
    assert_snapshot!(wave(&graph("1>5 1>2 2>3 3>5 5>6"), &[1], &[]), @"ran 2(1) 3(2) 5(1 3) 6(5) | skipped");
}

#[test]
fn pages_of_one_rank_run_by_rising_ids_however_they_were_linked() {
    assert_snapshot!(wave(&graph("1>9 1>3 1>7 1>5 9>2 3>2"), &[1], &[]), @"ran 3(1) 5(1) 7(1) 9(1) 2(3 9) | skipped");
}

#[test]
fn control_and_gpu_edges_run_nothing_but_keep_the_order() {
    assert_snapshot!(wave(&graph("1-c>2 1-g>3 1>5 5-c>4 1>4"), &[1], &[]), @"ran 5(1) 4(1) | skipped");
}

#[test]
fn only_what_depends_on_the_change_runs() {
    assert_snapshot!(wave(&graph("1>2 3>4 4>5 2>6 5>6"), &[3], &[]), @"ran 4(3) 5(4) 6(5) | skipped");
}

#[test]
fn two_changes_are_one_wave() {
    assert_snapshot!(wave(&graph("1>3 2>3 2>4 3>5 4>5"), &[2, 1, 2], &[]), @"ran 3(1 2) 4(2) 5(3 4) | skipped");
}

#[test]
fn a_wanted_page_runs_without_a_cause() {
    let graph = graph("1>2 2>3 3>4");
    let (mut schedule, mut wave) = (Schedule::new(), Wave::default());
    [3, 3, 77].into_iter().for_each(|number| schedule.want(page(number)));
    schedule.run(&graph, &mut Plan::default(), &mut wave).expect("nothing fails");
    assert_snapshot!(report(&graph, &schedule, &wave), @"ran 3() 4(3) | skipped");
}

/// Waves that a schedule has seen: none, and more than it takes to make a course.
const WALKED: [usize; 2] = [0, 40];

#[test]
fn a_failed_wave_leaves_nothing_for_the_next() {
    let graph = graph("1>2 1>3 2>4 3>4 1>6 6>7");
    for mut schedule in WALKED.map(|waves| walked(&graph, waves)) {
        let mut wave = Wave::default();
        schedule.touch(page(1));
        let mut plan = Plan { failing: Some(3), ..Plan::default() };
        let error = schedule.run(&graph, &mut plan, &mut wave).expect_err("3 fails");
        assert_eq!(error, "page:3 failed");
        assert_eq!(wave, Wave::default());
        schedule.run(&graph, &mut Plan::default(), &mut wave).expect("nothing fails");
        assert_eq!(wave.count(), 0, "nothing waits any longer");
        schedule.touch(page(3));
        schedule.run(&graph, &mut Plan::default(), &mut wave).expect("nothing fails");
        assert_eq!(report(&graph, &schedule, &wave), "ran 4(3) | skipped ");
    }
}

#[test]
fn a_panicking_recompute_leaves_nothing_for_the_next() {
    struct Panics;
    impl mmsb_graph::Recompute for Panics {
        type Error = ();
        fn recompute(&mut self, step: &mmsb_graph::Step) -> Result<mmsb_graph::Outcome, ()> {
            panic!("{}", step.page)
        }
    }
    let graph = graph("1>2 1>3 2>4 3>4");
    for mut schedule in WALKED.map(|waves| walked(&graph, waves)) {
        let mut wave = Wave::default();
        schedule.touch(page(1));
        let run = || schedule.run(&graph, &mut Panics, &mut wave);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).expect_err("it panics");
        schedule.touch(page(3));
        schedule.run(&graph, &mut Plan::default(), &mut wave).expect("nothing fails");
        assert_eq!(report(&graph, &schedule, &wave), "ran 4(3) | skipped ");
    }
}

#[test]
fn a_schedule_that_knows_the_way_sees_every_change_of_the_graph() {
    let mut graph = graph("1>2 2>3 3>4 1>5");
    let mut schedule = walked(&graph, 40);
    let mut told = |graph: &mmsb_graph::Graph| {
        let mut wave = Wave::default();
        schedule.touch(page(1));
        schedule.run(graph, &mut Plan::default(), &mut wave).expect("nothing fails");
        report(graph, &schedule, &wave)
    };
    assert_snapshot!(told(&graph), @"ran 2(1) 5(1) 3(2) 4(3) | skipped");
    graph.remove_edge(page(2), page(3), mmsb_types::EdgeKind::Data);
    assert_snapshot!(told(&graph), @"ran 2(1) 5(1) | skipped");
    let other = graph.clone();
    graph.add_edge(page(5), page(3), mmsb_types::EdgeKind::Data).expect("no cycle");
    assert_snapshot!(told(&graph), @"ran 2(1) 5(1) 3(5) 4(3) | skipped");
    assert_snapshot!(told(&other), @"ran 2(1) 5(1) | skipped");
}
