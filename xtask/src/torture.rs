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
const CHECKERS: [(&str, Checker); 5] = [
    ("loom", |root, _| lanes::loom(root, None)),
    ("shuttle", |root, options| lanes::shuttle(root, &options.scale())),
    ("miri", |root, _| lanes::miri(root)),
    ("asan", |root, _| lanes::asan(root)),
    ("tsan", |root, _| lanes::tsan(root)),
];
/// The torture, which has faults to plant; `build` and `run` come before.
pub(crate) const PROGRAM: [&str; 7] =
    ["--release", "--quiet", "--package", "mmsb-testkit", "--features", "plant", "--bin=mmsb-torture"];

type Checker = fn(&Path, &Options) -> Result<bool>;

/// What to torture, and how much.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// Only the lanes that are run before every change.
    #[arg(long, conflicts_with = "nightly")]
    pub quick: bool,
    /// Many more cases, with a new seed unless one is given.
    #[arg(long)]
    pub nightly: bool,
    /// Only the hunts for planted faults.
    #[arg(long, conflicts_with = "nightly")]
    pub twins: bool,
    /// Only this lane; may be given several times. `loom`, `shuttle`, `miri`, `asan` and `tsan` are lanes, too.
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
        let passed = run(root, options)?;
        rows.push(row(name, passed, start.elapsed()));
        is_well &= passed;
    }
    rows.iter().for_each(|row| println!("{row}"));
    Ok(is_well)
}

fn torture(root: &Path, options: &Options) -> Result<bool> {
    let mut build = command(root, "cargo", &["build"]);
    build.args(PROGRAM);
    if !succeeds(build).context("building the torture")? {
        return Ok(false);
    }
    let mut call = command(root, "cargo", &["run"]);
    call.args(PROGRAM).arg("--").args(options.arguments());
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
        let lanes = self.lane.iter().filter(|lane| checker(lane).is_none());
        let lanes = lanes.flat_map(|lane| ["--lane".into(), OsString::from(lane)]);
        self.scale().into_iter().chain(lanes).collect()
    }

    /// Returns how much the torture is told to do, and from which seed on.
    fn scale(&self) -> Vec<OsString> {
        let flags = [(self.quick, "--quick"), (self.nightly, "--nightly"), (self.twins, "--twins")];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.into());
        let seed = self.seed.into_iter().flat_map(|seed| ["--seed".into(), OsString::from(seed.to_string())]);
        flags.chain(seed).collect()
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
