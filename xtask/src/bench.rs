//! `cargo xtask bench`: builds the runner of the bench lines in release mode and starts it.

use std::{ffi::OsString, path::Path};

use anyhow::Result;

use crate::command::{command, succeeds};

/// Runs the bench lines with the given arguments; tells whether all passed.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path, args: &[OsString]) -> Result<bool> {
    succeeds(command(root, "cargo", &arguments(args)))
}

fn arguments(args: &[OsString]) -> Vec<OsString> {
    let fixed = ["run", "--quiet", "--release", "--package", "benches", "--bin", "mmsb-bench", "--"];
    fixed.into_iter().map(OsString::from).chain(args.iter().cloned()).collect()
}
