//! Fake lines through the real runner: verdicts, marks, exit status, selection, JSON.

mod choice;
mod failing;
mod limits;

use anyhow::Result;
use benches::{BarKind, Context, Line, Op, Options, Outcome, Sample, Unit, run};

fn line(name: &'static str, number: Option<u8>, run: fn(&mut Context) -> Result<Outcome>) -> Line {
    Line { name, number, question: "how fast?", faults: &["rust"], run }
}

fn sevens() -> Sample {
    Sample::of(vec![7.0; 7]).unwrap()
}

fn bar(kind: BarKind, op: Op, value: f64) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    outcome.figure("speed", Unit::MillionsPerSecond, sevens()).bar(kind, op, value);
    Ok(outcome)
}

/// Lets lines without a number run.
fn all() -> Options {
    Options { all: true, ..Options::default() }
}

/// Runs one line quickly; returns the verdict and the report without limits and remarks on the build.
fn report(line: &Line, options: &Options) -> (bool, String) {
    let mut out = Vec::new();
    let passed = run(&[line], options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("built as") && !line.contains("limit:"));
    (passed, kept.collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn passes(run: fn(&mut Context) -> Result<Outcome>, expect: &str) {
    let (passed, text) = report(&line("fake", None, run), &all());
    assert_eq!(text, format!("\u{2713} fake: how fast?\n{expect}\nResult: 1/1 PASS"));
    assert!(passed);
}

#[test]
fn a_line_that_clears_its_bar_passes() {
    passes(
        |_| bar(BarKind::Must, Op::AtLeast, 7.0),
        "    speed                         7.00 M/s (7.00 .. 7.00); must >= 7",
    );
}

#[track_caller]
fn fails(run: fn(&mut Context) -> Result<Outcome>, expect: &str) {
    let (passed, text) = report(&line("fake", None, run), &all());
    assert!(!passed && text.starts_with("\u{2717} fake") && text.ends_with("Result: 0/1 FAIL"), "{text}");
    assert!(text.contains(expect), "{text}");
}

#[test]
fn a_missed_bar_turns_the_line_to_a_cross() {
    fails(|_| bar(BarKind::Must, Op::AtLeast, 7.1), "must >= 7.1 MISSED");
    fails(|_| bar(BarKind::Must, Op::AtMost, 6.9), "must <= 6.9 MISSED");
}

fn mostly_seven(kind: BarKind, op: Op, value: f64) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let sample = Sample::of(vec![7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 8.0, 6.0])?;
    outcome.figure("speed", Unit::MillionsPerSecond, sample).always(kind, op, value);
    Ok(outcome)
}

#[test]
fn what_must_always_hold_is_judged_by_the_worst_repeat() {
    fails(|_| mostly_seven(BarKind::Must, Op::AtLeast, 6.5), "must always >= 6.5 MISSED");
    fails(|_| mostly_seven(BarKind::Must, Op::AtMost, 7.5), "must always <= 7.5 MISSED");
    passes(
        |_| mostly_seven(BarKind::Must, Op::AtLeast, 6.0),
        "    speed                         7.00 M/s (6.00 .. 8.00); must always >= 6",
    );
}

#[test]
fn a_missed_goal_is_told_and_passes() {
    passes(
        |_| bar(BarKind::Goal, Op::AtLeast, 8.0),
        "    speed                         7.00 M/s (7.00 .. 7.00); goal >= 8 MISSED",
    );
}
