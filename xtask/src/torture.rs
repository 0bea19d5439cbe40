//! `cargo xtask torture`: builds the torture in release mode, faults to be planted included, and starts it; the
//! lanes that need another compiler or checker are those of their own commands.

use std::{
    ffi::OsString,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    command::{command, succeeds},
    lanes,
};

/// Lanes that are commands of this program, and how they are run.
const CHECKERS: [(&str, Checker); 4] = [
    ("loom", |root| lanes::loom(root, None)),
    ("miri", lanes::miri),
    ("asan", lanes::asan),
    ("tsan", lanes::tsan),
];
const BUILD: [&str; 8] = [
    "build",
    "--release",
    "--quiet",
    "--package",
    "mmsb-testkit",
    "--features",
    "plant",
    "--bin=mmsb-torture",
];

type Checker = fn(&Path) -> Result<bool>;

/// What to torture, and how much.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// Only the lanes that are run before every change.
    #[arg(long, conflicts_with = "nightly")]
    pub quick: bool,
    /// Many more cases, with a new seed unless one is given.
    #[arg(long)]
    pub nightly: bool,
    /// Only this lane; may be given several times. `loom`, `miri`, `asan` and `tsan` are lanes, too.
    #[arg(long, value_name = "NAME")]
    pub lane: Vec<String>,
    /// Where all randomness comes from; `MMSB_SEED` does the same.
    #[arg(long)]
    pub seed: Option<u64>,
}

/// Runs the lanes that were asked for; tells whether nothing failed and every planted fault was found.
///
/// # Errors
/// If cargo or the torture cannot be started.
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let mut is_well = true;
    if options.lane.is_empty() || options.lane.iter().any(|lane| checker(lane).is_none()) {
        is_well = torture(root, options)?;
    }
    let mut rows = Vec::new();
    for (name, run) in CHECKERS.into_iter().filter(|(name, _)| options.asks_for_checker(name)) {
        let start = Instant::now();
        let passed = run(root)?;
        rows.push(row(name, passed, start.elapsed()));
        is_well &= passed;
    }
    rows.iter().for_each(|row| println!("{row}"));
    Ok(is_well)
}

fn torture(root: &Path, options: &Options) -> Result<bool> {
    let build = command(root, "cargo", &BUILD);
    if !succeeds(build).context("building the torture")? {
        return Ok(false);
    }
    let mut call = command(root, "cargo", &["run", "--release", "--quiet", "--package", "mmsb-testkit"]);
    call.args(["--features", "plant", "--bin", "mmsb-torture", "--"]).args(options.arguments());
    succeeds(call)
}

fn checker(lane: &str) -> Option<Checker> {
    CHECKERS.iter().find(|(name, _)| *name == lane).map(|(_, run)| *run)
}

fn row(name: &str, passed: bool, took: Duration) -> String {
    format!("{name:<13} | {} | {:>7.1} s", if passed { "passed" } else { "FAILED" }, took.as_secs_f64())
}

impl Options {
    /// Returns what the torture itself is told: all but the lanes that are run here.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        let flag = |is_set: bool, name: &str| is_set.then(|| OsString::from(name));
        let flags = flag(self.quick, "--quick").into_iter().chain(flag(self.nightly, "--nightly"));
        let lanes = self.lane.iter().filter(|lane| checker(lane).is_none());
        let lanes = lanes.flat_map(|lane| ["--lane".into(), OsString::from(lane)]);
        let seed = self.seed.into_iter().flat_map(|seed| ["--seed".into(), OsString::from(seed.to_string())]);
        flags.chain(lanes).chain(seed).collect()
    }

    /// Tells whether a checker runs: asked for by name, or all of them where everything is.
    #[must_use]
    pub fn asks_for_checker(&self, name: &str) -> bool {
        match &*self.lane {
            [] => !self.quick,
            lanes => lanes.iter().any(|lane| lane == name),
        }
    }
}
