//! `cargo xtask asan`: the crates that hold unsafe code, and those around them, under AddressSanitizer.
//!
//! It sees what the heap, the stack and statics are used for. A slot of the arena is no allocation of its own:
//! there, bounds are those of the slices that the words of a slot are.

use std::path::Path;

use anyhow::Result;

use super::sanitizer::Sanitizer;

const LANE: Sanitizer = Sanitizer {
    lane: "asan",
    name: "address",
    options: ("ASAN_OPTIONS", "detect_stack_use_after_return=1"),
    report: "SUMMARY: AddressSanitizer: heap-use-after-free",
    planted: &["a_value_that_is_freed_under_its_reader"],
    suites: &[
        "--package mmsb-types --package mmsb-page --package mmsb-delta --package mmsb-tlog --lib --tests",
        "--package mmsb --lib --test it",
    ],
};

/// Runs the suites under AddressSanitizer; tells whether nothing was found. Skipped where the source of the
/// compiler's library is missing.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path) -> Result<bool> {
    LANE.run(root)
}
