//! Lines that fail for another reason than speed.

use anyhow::bail;
use benches::{BarKind, Context, Op, Outcome, run};

use super::{all, bar, fails, line};

#[test]
fn a_line_that_measures_nothing_fails() {
    fails(|_| Ok(Outcome::default()), "the line measured nothing");
}

#[test]
fn a_line_whose_check_fails_fails() {
    fails(|_| bail!("page 3 differs"), "failed: page 3 differs");
}

#[test]
fn a_line_that_panics_fails_and_the_next_one_runs() {
    fails(|_| panic!("index 9 of 3"), "failed: panicked: index 9 of 3");
    let broken = line("broken", None, |_| panic!("no"));
    let sound = line("sound", None, |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let mut out = Vec::new();
    assert!(!run(&[&broken, &sound], &all(), &mut out).unwrap());
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("\u{2713} sound") && text.contains("Result: 1/2 FAIL"), "{text}");
}

#[test]
fn a_figure_that_could_not_be_measured_fails_the_line_and_leaves_the_others() {
    let unmeasured = |_: &mut Context| {
        let mut outcome = bar(BarKind::Must, Op::AtLeast, 7.0)?;
        outcome.failure("torque: no run counts");
        Ok(outcome)
    };
    fails(unmeasured, "    failed: torque: no run counts");
    fails(unmeasured, "7.00 M/s (7.00 .. 7.00); must >= 7\n");
}

#[test]
fn a_bar_for_a_figure_that_is_not_there_fails() {
    fails(
        |_| {
            let mut outcome = bar(BarKind::Must, Op::AtLeast, 1.0)?;
            outcome.bars[0].figure = "sped".to_owned();
            Ok(outcome)
        },
        "a bar is for the figure `sped`, which there is not",
    );
}
