//! Measurements in a process of their own: what the child finds comes back, what fails in it is told.

use std::path::Path;

use benches::{BarKind, Context, LimitKind, Op, Options, Outcome, Sample, Size, Unit, child, run};
use indicatif::ProgressBar;

fn context(folder: &Path) -> Context {
    Context::new(Size::Tiny, folder.to_owned(), ProgressBar::hidden())
}

#[track_caller]
fn refused(program: &str, name: &str, expect: &str) {
    let folder = tempfile::tempdir().unwrap();
    let error = child::measure_by(program.as_ref(), &context(folder.path()), name).unwrap_err();
    assert!(format!("{error:#}").starts_with(expect), "{error:#}");
}

#[test]
fn what_fails_in_the_child_fails_the_line() {
    let program = env!("CARGO_BIN_EXE_mmsb-bench");
    refused(program, "nobody", "`nobody` in its own process: exit status: 2: mmsb-bench: no child is called");
    refused("/bin/true", "nobody", "reading what `nobody` printed");
    refused("/bin/nobody", "nobody", "starting /bin/nobody");
}

#[test]
fn an_outcome_goes_through_json_as_it_is() {
    let mut outcome = Outcome::default();
    let sample = Sample::of(vec![7.0, 8.0, 7.0, 9.0, 7.0, 7.5, 7.0]).unwrap();
    outcome.figure("memory", Unit::Bytes, sample).always(BarKind::Must, Op::AtMost, 1e9);
    let limit = LimitKind::CopyCached { bytes: 72 };
    outcome.figure("speed", Unit::GigabytesPerSecond, sample).ratio(BarKind::Goal, Op::AtLeast, 0.5, limit);
    outcome.note("as it is");
    let text = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    let mut both = outcome.clone();
    both.extend(outcome);
    assert_eq!((both.figures.len(), both.bars.len(), both.notes.len()), (4, 4, 2));
}

#[test]
fn no_line_runs_in_a_child() {
    let options = Options { child: Some("nobody".to_owned()), ..Options::default() };
    let mut out = Vec::new();
    let error = run(&[], &options, &mut out).unwrap_err();
    assert_eq!((error.to_string().as_str(), out.len()), ("no child is called `nobody`", 0));
}
