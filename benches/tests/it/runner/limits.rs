//! Figures held against limits of the same run.

use anyhow::{Result, bail};
use benches::{BarKind, Context, LimitKind, Op, Options, Outcome, Unit};

use super::{all, fails, line, report, sevens};

fn far_above_the_limit(_: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let limit = LimitKind::CopyCached { bytes: 1024 };
    outcome.figure("copy", Unit::GigabytesPerSecond, sevens()).ratio(BarKind::Must, Op::AtLeast, 1e9, limit);
    Ok(outcome)
}

#[test]
fn a_ratio_is_held_against_the_limit_of_the_same_run() {
    fails(far_above_the_limit, "x cached memcpy of 1024 B, must >= 1000000000 MISSED");
}

#[test]
fn a_figure_that_is_the_limit_itself_has_the_ratio_one() {
    let at_the_limit =
        line("fake", None, |context| {
            let kind = LimitKind::CopyCached { bytes: 1024 };
            let limit = context.limit(kind)?;
            let mut outcome = Outcome::default();
            outcome
                .figure("copy", limit.unit, limit.sample)
                .ratio(BarKind::Must, Op::AtLeast, 1.0, kind)
                .ratio(BarKind::Must, Op::AtMost, 1.0, kind);
            Ok(outcome)
        });
    let (passed, text) = report(&at_the_limit, &all());
    assert!(passed && text.contains("1.00 x cached memcpy of 1024 B"), "{text}");
}

#[test]
fn a_smoke_run_forgives_speed_and_nothing_else() {
    let smoke = Options { smoke: true, ..all() };
    let (passed, text) = report(&line("fake", None, far_above_the_limit), &smoke);
    assert!(passed && text.contains("MISSED"), "{text}");
    let relative = line("fake", None, |_| {
        let mut outcome = Outcome::default();
        outcome.figure("time", Unit::Limits, sevens()).bar(BarKind::Must, Op::AtMost, 1.0);
        Ok(outcome)
    });
    assert!(report(&relative, &smoke).0, "a ratio that the line took itself is one of speeds, too");
    assert!(!report(&relative, &all()).0);
    let time = line("fake", None, |_| {
        let mut outcome = Outcome::default();
        outcome.figure("pause", Unit::Microseconds, sevens()).always(BarKind::Must, Op::AtMost, 1.0);
        Ok(outcome)
    });
    assert!(report(&time, &smoke).0 && !report(&time, &all()).0, "so is a time, its worst case, too");
    let size = line("fake", None, |_| {
        let mut outcome = Outcome::default();
        outcome.figure("memory", Unit::Bytes, sevens()).bar(BarKind::Must, Op::AtMost, 1.0);
        Ok(outcome)
    });
    assert!(!report(&size, &smoke).0, "a size still decides");
    assert!(!report(&line("fake", None, |_| bail!("wrong")), &smoke).0, "an output still has to be right");
}

#[test]
fn a_ratio_of_different_units_fails() {
    fails(
        |_| {
            let mut outcome = Outcome::default();
            let limit = LimitKind::CopyCached { bytes: 1024 };
            outcome.figure("time", Unit::Nanoseconds, sevens()).ratio(BarKind::Goal, Op::AtMost, 2.0, limit);
            Ok(outcome)
        },
        "a figure in Nanoseconds against a limit in GigabytesPerSecond",
    );
}
