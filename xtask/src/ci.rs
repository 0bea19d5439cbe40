//! `cargo xtask ci`: everything that must pass, in the order in which a failure is cheapest to learn of.
//!
//! Invariant: stops at the first failing step, names it, and says which steps were not run.

pub(crate) mod gpu;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    bench,
    command::{command, succeeds},
    lanes, layers, tidy, torture,
};

/// The judge of histories finds the faults planted in the engine. In release: some of these faults stop on
/// debug assertions before they show.
const PLANTED: &[&str] = &[
    "test",
    "--release",
    "--quiet",
    "--package",
    "mmsb-testkit",
    "--features",
    "plant",
    "--test",
    "planted",
    "--test",
    "flipped",
];

/// The torture, and what faults are planted in.
const PLANTED_CLIPPY: &[&str] = &[
    "clippy",
    "--package",
    "mmsb-testkit",
    "--features",
    "plant",
    "--all-targets",
    "--quiet",
    "--",
    "-D",
    "warnings",
];

/// The numbered bench lines, broken. In release: some of what they promise holds there alone.
const FAULTS: &[&str] = &["test", "--release", "--quiet", "--package", "benches", "--test", "it", "faults"];

/// One thing that must pass.
pub struct Step<'a> {
    /// What it is called in the table.
    pub name: &'static str,
    /// Does it; `Ok(false)` is a failure whose report was printed.
    pub run: Box<dyn FnOnce() -> Result<bool> + 'a>,
}

/// Runs every step on the workspace in `root`, but for the workspace's tests if they were `tested` just now; tells
/// whether all passed. A step that cannot be run has failed.
#[must_use]
pub fn run(root: &Path, tested: bool) -> bool {
    let mut steps = steps(root);
    steps.retain(|step| !(tested && step.name == "test"));
    run_steps(steps)
}

/// Runs the steps in order up to the first failure, prints a table of them, and tells whether all passed.
#[must_use]
pub fn run_steps(steps: Vec<Step<'_>>) -> bool {
    let mut rows = Vec::new();
    let mut failed = None;
    for step in steps {
        let row = if failed.is_some() { Row::skipped(step.name) } else { Row::of(step) };
        failed = failed.or((row.state == State::Failed).then_some(row.name));
        rows.push(row);
    }
    rows.iter().for_each(|row| println!("{}", row.text()));
    match failed {
        Some(name) => eprintln!("ci: step `{name}` failed"),
        None => println!("ci: all {} steps passed", rows.len()),
    }
    failed.is_none()
}

fn steps(root: &Path) -> Vec<Step<'_>> {
    let cargo = |name, args| cargo(root, name, args);
    vec![
        cargo("format", &["fmt", "--all", "--check"]),
        Step { name: "layers", run: Box::new(move || layers::run(root)) },
        Step { name: "tidy", run: Box::new(move || tidy::run(root, false)) },
        cargo("clippy", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
        cargo("clippy-plant", PLANTED_CLIPPY),
        cargo("no-std", &["check", "--quiet", "--package", "mmsb-types", "--no-default-features"]),
        cargo("test", &["test", "--workspace", "--quiet"]),
        Step { name: "clippy-gpu", run: Box::new(move || gpu::clippy(root)) },
        Step { name: "gpu", run: Box::new(move || gpu::test(root)) },
        cargo("planted", PLANTED),
        Step { name: "torture", run: Box::new(move || torture::run(root, &quick())) },
        Step { name: "loom", run: Box::new(move || lanes::loom(root, None)) },
        Step { name: "doc", run: Box::new(move || document(root)) },
        cargo("faults", FAULTS),
        Step {
            name: "bench",
            run: Box::new(move || Ok(bench::run(root, &["--smoke".into(), "--all".into()])? == 0)),
        },
    ]
}

/// The lanes that are run before every change, on the seed that is always the same.
fn quick() -> torture::Options {
    torture::Options { quick: true, ..torture::Options::default() }
}

fn cargo<'a>(root: &'a Path, name: &'static str, args: &'static [&'static str]) -> Step<'a> {
    Step { name, run: Box::new(move || succeeds(command(root, "cargo", args))) }
}

/// Libraries only: the library `mmsb` and the command `mmsb` would write the same pages.
fn document(root: &Path) -> Result<bool> {
    let mut call = command(root, "cargo", &["doc", "--workspace", "--no-deps", "--lib", "--quiet"]);
    call.env("RUSTDOCFLAGS", "-D warnings");
    succeeds(call)
}

#[derive(PartialEq, Eq)]
enum State {
    Passed,
    Failed,
    NotRun,
}

struct Row {
    name: &'static str,
    state: State,
    took: Duration,
}

impl Row {
    fn of(step: Step<'_>) -> Self {
        println!("ci: {}", step.name);
        let start = Instant::now();
        let passed = (step.run)().unwrap_or_else(|error| {
            eprintln!("ci: {}: {error:#}", step.name);
            false
        });
        let state = if passed { State::Passed } else { State::Failed };
        Self { name: step.name, state, took: start.elapsed() }
    }

    fn skipped(name: &'static str) -> Self {
        Self { name, state: State::NotRun, took: Duration::ZERO }
    }

    fn text(&self) -> String {
        let state = match self.state {
            State::Passed => "passed",
            State::Failed => "FAILED",
            State::NotRun => return format!("  {:<12} not run", self.name),
        };
        format!("  {:<12} {state} {:>8.1} s", self.name, self.took.as_secs_f64())
    }
}
