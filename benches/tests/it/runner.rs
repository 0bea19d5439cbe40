//! Fake lines through the real runner: verdicts, marks, exit status, selection, JSON.

use anyhow::{Result, bail};
use benches::{
    BarKind, Context, LimitKind, Line, Op, Options, Outcome, Record, Sample, Unit, registered, run,
};

fn line(name: &'static str, number: Option<u8>, run: fn(&mut Context) -> Result<Outcome>) -> Line {
    Line { name, number, question: "how fast?", run }
}

fn sevens() -> Sample {
    Sample::of(vec![7.0; 7]).unwrap()
}

fn bar(kind: BarKind, op: Op, value: f64) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    outcome.figure("speed", Unit::MillionsPerSecond, sevens()).bar(kind, op, value);
    Ok(outcome)
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
    let (passed, text) = report(&line("fake", None, run), &Options::default());
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
    let (passed, text) = report(&line("fake", None, run), &Options::default());
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
    assert!(!run(&[&broken, &sound], &Options::default(), &mut out).unwrap());
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
    let (passed, text) = report(&at_the_limit, &Options::default());
    assert!(passed && text.contains("1.00 x cached memcpy of 1024 B"), "{text}");
}

#[test]
fn a_smoke_run_forgives_speed_and_nothing_else() {
    let smoke = Options { smoke: true, ..Options::default() };
    let (passed, text) = report(&line("fake", None, far_above_the_limit), &smoke);
    assert!(passed && text.contains("MISSED"), "{text}");
    let relative = line("fake", None, |_| {
        let mut outcome = Outcome::default();
        outcome.figure("time", Unit::Limits, sevens()).bar(BarKind::Must, Op::AtMost, 1.0);
        Ok(outcome)
    });
    assert!(report(&relative, &smoke).0, "a ratio that the line took itself is one of speeds, too");
    assert!(!report(&relative, &Options::default()).0);
    let size = line("fake", None, |_| bar(BarKind::Must, Op::AtMost, 1.0));
    assert!(!report(&size, &smoke).0, "a bar without limit still decides");
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

#[test]
fn only_takes_names_and_numbers_and_refuses_the_unknown() {
    let replay = line("replay", Some(1), |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let diff = line("diff", None, |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let names = |only: &[&str]| {
        let options =
            Options { only: only.iter().map(|word| word.to_string()).collect(), ..Options::default() };
        let chosen = options.select(&[&replay, &diff]).map_err(|error| error.to_string())?;
        Ok::<_, String>(chosen.iter().map(|line| line.name).collect::<Vec<_>>())
    };
    assert_eq!(names(&[]).unwrap(), ["replay", "diff"]);
    assert_eq!(names(&["1"]).unwrap(), ["replay"]);
    assert_eq!(names(&["diff", "replay"]).unwrap(), ["replay", "diff"]);
    assert_eq!(names(&["diff", "dif"]).unwrap_err(), "no line is called `dif`; there are replay (1), diff");
}

#[test]
fn json_reads_back_and_holds_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let options = Options { json: Some(path.clone()), ..Options::default() };
    report(&line("fake", Some(4), |_| bar(BarKind::Must, Op::AtLeast, 8.0)), &options);
    let record = Record::read(&path).unwrap();
    let fake = &record.lines[0];
    assert_eq!((fake.name.as_str(), fake.number, fake.passed), ("fake", Some(4), false));
    assert_eq!((fake.figures[0].name.as_str(), fake.figures[0].sample), ("speed", sevens()));
    assert!(record.machine.rustc.starts_with("rustc ") && record.machine.cores > 0, "{:?}", record.machine);
    record.write(&path).unwrap();
    assert_eq!(Record::read(&path).unwrap(), record);
}

#[test]
fn every_file_under_lines_submits_one_line() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lines");
    let files = std::fs::read_dir(folder).unwrap();
    // A folder holds the rows of a line that has many.
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<String> = files.map(|path| path.file_stem().unwrap().display().to_string()).collect();
    let mut names: Vec<&str> = registered().iter().map(|line| line.name).collect();
    files.sort();
    names.sort_unstable();
    assert_eq!(names, files);
}
