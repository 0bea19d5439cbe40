//! `cargo xtask loom`: every interleaving, within a bound, of small models of the real code.
//!
//! Each model has twins: the same model with one ordering weakened or one step left out. A twin passes if
//! loom rejects it; a model whose twins all pass is worth believing.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::tools::{shown, target_dir};
use crate::command::command;

/// The packages with models, and where these are.
const SUITES: [(&str, &[&str]); 2] =
    [("mmsb-page", &["--test", "loom"]), ("mmsb-tlog", &["--lib", "models::"])];
/// How often a thread may be stopped where it did not wait; two or three find nearly all that can be found.
const PREEMPTIONS: &str = "2";

/// A verdict's length in the table.
const VERDICT_CHARS_MAX: usize = 70;

/// What one model, or one of its twins, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name; a twin's is the model's, and what is weakened.
    pub name: String,
    /// Interleavings that were run.
    pub iterations: u64,
    /// How long that took.
    pub millis: u64,
    /// What came of it.
    pub verdict: String,
}

/// Runs the models whose names contain `filter`, prints a table of them, and tells whether all hold and all
/// twins were rejected. `LOOM_MAX_PREEMPTIONS` replaces the bound.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path, filter: Option<&str>) -> Result<bool> {
    let (target, start) = (target_dir(root, "loom")?, Instant::now());
    let (mut models, mut passed) = (Vec::new(), true);
    for (package, place) in SUITES {
        let mut call = command(root, "cargo", &["test", "--release", "--quiet", "--package", package]);
        call.args(place).arg("--target-dir").arg(&target).args(["--", "--nocapture"]).args(filter);
        set_bounds(&mut call);
        println!("loom: {}", shown(&call));
        let output = call.output().context("starting cargo")?;
        let told = String::from_utf8_lossy(&output.stdout);
        models.extend(told.lines().filter_map(Model::parse));
        if !output.status.success() {
            print!("{told}");
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            passed = false;
        }
    }
    tell(&models, start.elapsed());
    Ok(passed && !models.is_empty())
}

fn set_bounds(call: &mut Command) {
    call.env("RUSTFLAGS", "--cfg loom").env("RUST_BACKTRACE", "0");
    if std::env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        call.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
    }
}

fn tell(models: &[Model], took: Duration) {
    print!("{}", table(models));
    println!("loom: {} models and twins in {:.1} s", models.len(), took.as_secs_f64());
    if models.is_empty() {
        eprintln!("loom: no model has such a name");
    }
}

impl Model {
    /// Reads the line that a model prints at its end; `None` if the line is something else.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split("loom-model|").nth(1)?.split('|');
        let name = fields.next()?.to_owned();
        let (iterations, millis) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self { name, iterations, millis, verdict: fields.next()?.to_owned() })
    }
}

/// Returns the models as text, one line each, by name, a model before its twins.
#[must_use]
pub fn table(models: &[Model]) -> String {
    let mut sorted: Vec<&Model> = models.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    let width = sorted.iter().map(|model| model.name.len()).max().unwrap_or(0);
    let line = |model: &&Model| {
        let Model { name, iterations, millis, verdict } = model;
        let verdict: String = verdict.chars().take(VERDICT_CHARS_MAX).collect();
        format!("  {name:<width$} | {iterations:>8} runs | {millis:>6} ms | {verdict}\n")
    };
    sorted.iter().map(line).collect()
}
