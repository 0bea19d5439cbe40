//! `cargo xtask tsan`: what runs threads against each other, under ThreadSanitizer.
//!
//! The sanitizer does not understand fences. That hides nothing here and accuses nobody: the words that
//! fences order are all atomics, and plain memory changes hands by acquiring and releasing operations.
//! (crossbeam-epoch, which has fences between, has other code for this sanitizer.) What only a fence
//! orders is for loom to prove. Nothing is suppressed.

use std::path::Path;

use anyhow::Result;

use super::sanitizer::Sanitizer;

const LANE: Sanitizer = Sanitizer {
    lane: "tsan",
    name: "thread",
    options: ("TSAN_OPTIONS", "halt_on_error=1"),
    report: "SUMMARY: ThreadSanitizer: data race",
    planted: &["a_page_that_is_published_relaxed", "a_page_lock_that_is_taken_relaxed"],
    suites: &[
        "--package mmsb-page --test it -- races swap",
        "--package mmsb-tlog --test it -- concurrent live marks poison",
        "--package mmsb --test it -- races snapshots threads many stopping",
        "--package mmsb-testkit --test it -- stress",
    ],
};

/// Runs the suites under ThreadSanitizer; tells whether nothing was found. Skipped where the source of the
/// compiler's library is missing. `MMSB_STRESS_SECONDS` says how long the stress lasts.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path) -> Result<bool> {
    LANE.run(root)
}
