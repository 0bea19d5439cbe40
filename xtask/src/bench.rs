//! `cargo xtask bench`: builds the runner of the bench lines in release mode and starts it.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result};

use crate::command::command;

/// Runs the bench lines with the given arguments and returns the runner's exit status; a runner that a
/// signal ended has the status 1.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path, args: &[OsString]) -> Result<u8> {
    let status = command(root, "cargo", &arguments(args)).status().context("starting cargo")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn arguments(args: &[OsString]) -> Vec<OsString> {
    let fixed = ["run", "--quiet", "--release", "--package", "benches", "--bin", "mmsb-bench", "--"];
    fixed.into_iter().map(OsString::from).chain(args.iter().cloned()).collect()
}
