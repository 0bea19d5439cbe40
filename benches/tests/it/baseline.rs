//! Stored runs: what may be compared, and what a change is called.

use benches::{
    Figure, LineRecord, Machine, Record, Sample, Unit,
    baseline::{compare, history, load, save},
};
use insta::assert_snapshot;

fn record(figures: &[(&str, Unit, f64)]) -> Record {
    let figure = |(name, unit, median): &(&str, Unit, f64)| {
        Figure::new(*name, *unit, Sample::of(vec![*median; 7]).unwrap())
    };
    let figures = figures.iter().map(figure).collect();
    let line = LineRecord { name: "fake".to_owned(), passed: true, figures, ..LineRecord::default() };
    Record { machine: Machine::here(), seconds: 0, quick: false, limits: Vec::new(), lines: vec![line] }
}

fn one() -> Record {
    record(&[("speed", Unit::MillionsPerSecond, 10.0)])
}

#[track_caller]
fn refused(then: &Record, expect: &str) {
    let refusal = compare(then, &one()).unwrap_err().to_string();
    assert!(refusal.contains(expect), "{refusal}");
}

#[test]
fn changes_are_told_by_what_is_better() {
    let rate = Unit::MillionsPerSecond;
    let time = Unit::Nanoseconds;
    let then =
        [("a", rate, 10.0), ("b", rate, 10.0), ("c", rate, 10.0), ("d", time, 10.0), ("e", time, 10.0)];
    let now = [("a", rate, 11.0), ("b", rate, 11.2), ("c", rate, 8.9), ("d", time, 11.2), ("e", time, 8.9)];
    let changes = compare(&record(&then), &record(&now)).unwrap();
    let text: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_snapshot!(text.join("\n"), @"
    similar  fake: a: 10.00 -> 11.00 M/s (+10.0 %)
    faster   fake: b: 10.00 -> 11.20 M/s (+12.0 %)
    slower   fake: c: 10.00 -> 8.90 M/s (-11.0 %)
    slower   fake: d: 10.00 -> 11.20 ns (+12.0 %)
    faster   fake: e: 10.00 -> 8.90 ns (-11.0 %)
    ");
}

#[test]
fn another_machine_is_refused() {
    let mut then = one();
    then.machine.cpu = "Abacus 3000".to_owned();
    refused(&then, "the baseline is of abacus-3000-");
    then = one();
    then.machine.cores += 1;
    refused(&then, "not comparable");
}

#[test]
fn another_profile_or_size_is_refused() {
    let mut then = one();
    then.machine.profile = "bench".to_owned();
    refused(&then, "not comparable");
    then = one();
    then.quick = true;
    refused(&then, "one of the two runs is quick");
}

#[test]
fn another_commit_is_what_comparing_is_for() {
    let mut then = one();
    then.machine.commit = "0123456789ab".to_owned();
    assert_eq!(compare(&then, &one()).unwrap().len(), 1);
}

#[test]
fn runs_without_a_common_figure_are_refused() {
    refused(&record(&[("size", Unit::Bytes, 1.0)]), "none of this run's figures");
}

#[test]
fn a_saved_run_is_loaded_on_the_same_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let run = one();
    save(folder.path(), &run).unwrap();
    assert_eq!(load(folder.path(), &run.machine, false).unwrap(), run);
    let mut other = run.machine.clone();
    other.cpu = "Abacus 3000".to_owned();
    let refusal = load(folder.path(), &other, false).unwrap_err().to_string();
    assert!(refusal.contains("abacus-3000") && refusal.contains(&run.machine.slug()), "{refusal}");
}

#[test]
fn saving_keeps_what_was_saved_before() {
    let folder = tempfile::tempdir().unwrap();
    let (first, mut quick) = (one(), one());
    (quick.quick, quick.seconds) = (true, 7);
    assert!(history(folder.path(), &first.machine).unwrap().is_empty());
    let path = save(folder.path(), &first).unwrap();
    save(folder.path(), &quick).unwrap();
    assert_eq!(history(folder.path(), &first.machine).unwrap(), [first.clone(), quick.clone()]);
    assert_eq!(load(folder.path(), &first.machine, false).unwrap(), first, "the newest of its size");
    std::fs::write(&path, "{}\n").unwrap();
    let refusal = history(folder.path(), &first.machine).unwrap_err().to_string();
    assert!(refusal.ends_with(".jsonl: line 1 is no run"), "{refusal}");
}

#[test]
fn a_run_with_a_failed_line_is_no_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = one();
    run.lines[0].passed = false;
    assert_eq!(save(folder.path(), &run).unwrap_err().to_string(), "a run with a failed line is no baseline");
}
