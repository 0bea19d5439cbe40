//! Stored runs, a file for each machine and profile, and how a new run differs from them.
//!
//! A file holds one run a line, as JSON, the newest last: saving adds a line, so the file is the history of figures.
//!
//! Invariant: runs of different machines, profiles or sizes are never compared.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{Figure, Machine, Record};

/// Medians that differ by no more than this share are similar.
pub const SIMILAR_SHARE: f64 = 0.10;

/// How a figure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Better by more than a tenth.
    Faster,
    /// Worse by more than a tenth.
    Slower,
    /// Neither.
    Similar,
}

/// One figure of two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Name of the line.
    pub line: String,
    /// The figure then.
    pub then: Figure,
    /// The figure now.
    pub now: Figure,
    /// How it changed.
    pub verdict: Verdict,
}

/// Stores a run in `folder`, behind the earlier ones of its machine and profile, and returns where.
///
/// # Errors
/// If a line of the run failed, or the file cannot be written.
pub fn save(folder: &Path, run: &Record) -> Result<PathBuf> {
    let failed = run.lines.iter().find(|line| !line.passed);
    ensure!(failed.is_none(), "a run with a failed line is no baseline");
    let path = path(folder, &run.machine);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let text = serde_json::to_string(run)? + "\n";
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Reads all stored runs of this machine and profile, the oldest first; none is no error.
///
/// # Errors
/// If the file cannot be read, or a line of it is no run.
pub fn history(folder: &Path, machine: &Machine) -> Result<Vec<Record>> {
    let path = path(folder, machine);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let place = |number: usize| format!("{}: line {} is no run", path.display(), number + 1);
    let runs = text.lines().enumerate();
    runs.map(|(number, line)| serde_json::from_str(line).with_context(|| place(number))).collect()
}

/// Reads the newest stored run of this machine, profile and size.
///
/// # Errors
/// If there is none; the message lists the machines there are.
pub fn load(folder: &Path, machine: &Machine, quick: bool) -> Result<Record> {
    let newest = history(folder, machine)?.into_iter().rfind(|run| run.quick == quick);
    newest.with_context(|| {
        let (size, stored) = (if quick { "quick" } else { "full" }, stored(folder));
        format!("no {size} baseline of this machine and profile ({}); stored are: {stored}", machine.slug())
    })
}

/// Lists the files that hold runs.
fn stored(folder: &Path) -> String {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = files.map(|entry| entry.file_name().display().to_string()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns every figure that both runs hold, in the order of the new run.
///
/// # Errors
/// If the runs are of different machines, profiles or sizes, or share no figure.
pub fn compare(then: &Record, now: &Record) -> Result<Vec<Change>> {
    let (old, new) = (then.machine.slug(), now.machine.slug());
    ensure!(old == new, "the baseline is of {old}, this run of {new}: not comparable");
    ensure!(then.quick == now.quick, "one of the two runs is quick, the other is not: not comparable");
    let old = figures(then);
    let changes = figures(now).into_iter().filter_map(|(line, now)| change(&old, line, now));
    let changes: Vec<Change> = changes.collect();
    ensure!(!changes.is_empty(), "the baseline holds none of this run's figures");
    Ok(changes)
}

/// Finds the old figure of the same line, name and unit, if there was one.
fn change(old: &[(String, Figure)], line: String, now: Figure) -> Option<Change> {
    let is_same = |figure: &Figure| figure.name == now.name && figure.unit == now.unit;
    let then = old.iter().find(|(name, figure)| *name == line && is_same(figure))?.1.clone();
    let verdict = judge(&then, &now);
    Some(Change { line, then, now, verdict })
}

/// All figures of a run, each with the name of its line.
fn figures(run: &Record) -> Vec<(String, Figure)> {
    let lines = run.lines.iter();
    lines.flat_map(|line| line.figures.iter().map(|figure| (line.name.clone(), figure.clone()))).collect()
}

fn path(folder: &Path, machine: &Machine) -> PathBuf {
    folder.join(machine.slug() + ".jsonl")
}

fn judge(then: &Figure, now: &Figure) -> Verdict {
    let (old, new) = (then.sample.median, now.sample.median);
    if (new - old).abs() <= SIMILAR_SHARE * old {
        Verdict::Similar
    } else if (new > old) == now.unit.more_is_better() {
        Verdict::Faster
    } else {
        Verdict::Slower
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, then, now, verdict } = self;
        let word = match verdict {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Similar => "similar",
        };
        let (old, new, sign) = (then.sample.median, now.sample.median, now.unit.sign());
        let percent = (new / old - 1.0) * 100.0;
        write!(f, "{word:<8} {line}: {}: {old:.2} -> {new:.2} {sign} ({percent:+.1} %)", now.name)
    }
}
