//! `cargo xtask bench`: builds the runner of the bench lines in release mode and starts it. With `--peers` it is the
//! one of the package `peers`, which no other command builds.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result};

use crate::command::command;

/// Where the runner is.
const OWN: [&str; 4] = ["--package", "benches", "--bin", "mmsb-bench"];
/// Where the one with peers is.
const PEERS: [&str; 4] = ["--manifest-path", "peers/Cargo.toml", "--bin", "mmsb-bench-peers"];

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
    let with_peers = args.iter().any(|arg| arg == "--peers");
    let package = if with_peers { PEERS } else { OWN };
    let fixed = ["run", "--quiet", "--release"].into_iter().chain(package).chain(["--"]);
    fixed.map(OsString::from).chain(args.iter().cloned()).collect()
}
