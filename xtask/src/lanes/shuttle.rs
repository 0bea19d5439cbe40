//! The torture's lane that shuttle schedules: another build, in which threads take turns.

use std::{ffi::OsString, path::Path};

use anyhow::Result;

use super::tools::target_dir;
use crate::{
    command::{command, succeeds},
    torture::PROGRAM,
};

/// Runs a bus on a simulated disk in many orders of its threads' steps; `scale` goes to the torture.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path, scale: &[OsString]) -> Result<bool> {
    let mut call = command(root, "cargo", &["run"]);
    call.args(PROGRAM).arg("--target-dir").arg(target_dir(root, "shuttle")?);
    call.args(["--", "--lane", "shuttle"]).args(scale).env("RUSTFLAGS", "--cfg shuttle");
    succeeds(call)
}
