//! `cargo xtask tsan`: the races' tests under ThreadSanitizer, the standard library built with it.
//!
//! The sanitizer does not understand fences. That hides nothing here and accuses nobody: the words that
//! fences order are all atomics, and plain memory changes hands by acquiring and releasing operations.

use std::path::Path;

use anyhow::Result;

use super::tools::{NIGHTLY, Needs, host, run_lane, target_dir};
use crate::command::command;

/// Package, test binary and filter of what runs threads against each other.
const SUITES: [(&str, &str, &str); 4] = [
    ("mmsb-page", "it", "races"),
    ("mmsb-tlog", "it", "concurrent"),
    ("mmsb", "it", "races"),
    ("mmsb-testkit", "it", "stress"),
];

/// Runs the suites under ThreadSanitizer; tells whether nothing was found. Skipped where the nightly
/// toolchain or its library's source is missing. `MMSB_STRESS_SECONDS` says how long the stress lasts.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path) -> Result<bool> {
    let (host, target) = (host(root)?, target_dir(root, "tsan")?);
    let calls = SUITES.map(|(package, binary, filter)| {
        let fixed = [NIGHTLY, "test", "-Zbuild-std", "--target", &host, "--quiet"];
        let mut call = command(root, "cargo", &fixed);
        call.args(["--package", package, "--test", binary]).arg("--target-dir").arg(&target).arg(filter);
        call.env("RUSTFLAGS", "-Zsanitizer=thread").env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        call
    });
    run_lane("tsan", root, &[Needs::Linux64, Needs::Nightly, Needs::RustSource], calls)
}
