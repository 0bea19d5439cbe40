//! `cargo xtask miri`: the crates that hold unsafe code, and those below them, under the interpreter that
//! finds undefined behaviour.

use std::path::Path;

use anyhow::Result;

use super::tools::{NIGHTLY, Needs, run_lane, target_dir};
use crate::command::command;

const PACKAGES: [&str; 3] = ["mmsb-types", "mmsb-delta", "mmsb-page"];
/// Random cases of a law: the interpreter is a thousand times slower, and the tests' sizes are reduced, too.
const CASES: &str = "8";

/// Runs the suites under Miri; tells whether nothing was found. Skipped where Miri is missing.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path) -> Result<bool> {
    let target = target_dir(root, "miri")?;
    let calls = PACKAGES.map(|package| {
        let mut call = command(root, "cargo", &[NIGHTLY, "miri", "test", "--quiet", "--package", package]);
        call.arg("--target-dir").arg(&target);
        // The laws print their seeds and keep their failures in files; snapshots look for the workspace.
        call.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", CASES);
        call.env("INSTA_WORKSPACE_ROOT", root).env("INSTA_UPDATE", "no");
        call
    });
    run_lane("miri", root, &[Needs::Nightly, Needs::Miri], calls)
}
