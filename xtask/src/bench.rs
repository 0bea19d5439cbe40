//! `cargo xtask bench`: builds the runner of the bench lines in release mode and starts it. With `--peers` it is the
//! one of the package `peers`, which no other command builds.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result};

use crate::command::command;

/// Where the runner is.
const OWN: [&str; 4] = ["--package", "benches", "--bin", "mmsb-bench"];
/// Where the one with peers is.
const PEERS: [&str; 4] = ["--manifest-path", "peers/Cargo.toml", "--bin", "mmsb-bench-peers"];

/// What the line that measures a device needs: a library that takes minutes to build, so no other line waits for it.
const DEVICE: (&str, [&str; 2]) = ("gpu", ["--features", "gpu"]);

/// Runs the bench lines with the given arguments and returns the runner's exit status; a runner that a
/// signal ended has the status 1.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path, args: &[OsString]) -> Result<u8> {
    let status = command(root, "cargo", &arguments(args)).status().context("starting cargo")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Returns what cargo is told, given the runner's arguments.
#[must_use]
pub fn arguments(args: &[OsString]) -> Vec<OsString> {
    let with_peers = args.iter().any(|arg| arg == "--peers");
    let package = if with_peers { PEERS } else { OWN };
    let features = if asks_for(args, DEVICE.0) && !with_peers { &DEVICE.1[..] } else { &[] };
    let fixed = ["run", "--quiet", "--release"].into_iter().chain(package);
    let fixed = fixed.chain(features.iter().copied()).chain(["--"]);
    fixed.map(OsString::from).chain(args.iter().cloned()).collect()
}

/// Tells whether `--only` names a line.
fn asks_for(args: &[OsString], line: &str) -> bool {
    let behind =
        args.iter().zip(args.iter().skip(1)).filter(|(arg, _)| *arg == "--only").map(|pair| pair.1.to_str());
    let joined = args.iter().map(|arg| arg.to_str()?.strip_prefix("--only="));
    behind.chain(joined).flatten().flat_map(|lines| lines.split(',')).any(|name| name == line)
}
