//! `mmsb demo`: the main job on a real recording, every claim checked.
//!
//! 1. Import the shipped recording: each database page a page, each transaction a commit.
//! 2. Compare the log's length with the write-ahead log's.
//! 3. Rebuild the database after several commits; compare each with its recorded SHA-256.
//! 4. Import once more with one byte of one commit changed.
//! 5. Let the comparison of the two runs find commit, page, offset and both bytes.
//! 6. Verify both logs.
//!
//! Invariant: the exit code is 0 only if every check holds.

mod recording;
mod report;
mod steps;

use std::{fs, path::PathBuf};

use anyhow::Context as _;

use self::{
    report::Report,
    steps::{find_the_byte, import_again, import_recording, rebuild, verify},
};
use super::Outcome;
use crate::render::Out;

/// Shows the whole of it on a real database: import, time travel, and the one byte that differs.
///
/// Works on a recording that is built into this command: 166 transactions of an SQLite database of flights.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keeps the two buses in this directory, for other commands to look at.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let temporary = tempfile::tempdir().context("making a temporary directory")?;
    let dir = args.keep.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let (first, second) = (dir.join("first.mmsb"), dir.join("second.mmsb"));
    let mut report = Report::new(out);
    import_recording(&first, &mut report)?;
    rebuild(&first, &mut report)?;
    let changed = import_again(&second, &mut report)?;
    find_the_byte(&first, &second, changed, &mut report)?;
    verify(&[&first, &second], &mut report)?;
    report.end(args.keep.as_deref())
}
