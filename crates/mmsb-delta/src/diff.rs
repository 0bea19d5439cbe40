//! Where two images of a page differ.
//!
//! Both images are compared 64 bytes at a time; a block gives a mask with one bit for each byte that
//! differs, and `runs` strings the masks together. How a mask is made is the platform's matter:
//! `portable` does it with words, `x86` with AVX2. Both give the same masks, hence the same runs.

mod portable;
mod runs;
#[cfg(target_arch = "x86_64")]
mod x86;

use mmsb_types::{Span, limits::PAGE_BYTES_MAX};

use crate::Delta;

/// Puts into `runs` where `old` and `new` differ; what `runs` held before is dropped.
///
/// A run begins and ends with a byte that differs. Two runs lie at least `limits::RUN_GAP_BYTES` (8)
/// equal bytes apart; runs closer than that are one, with the equal bytes between them. Runs rise and
/// are never empty.
///
/// # Panics
/// If the lengths differ or pass `limits::PAGE_BYTES_MAX`.
///
/// # Cost
/// O(page bytes): tens of GB/s with AVX2 for pages in cache; allocates only where `runs` must grow.
pub fn diff_runs(old: &[u8], new: &[u8], runs: &mut Vec<Span>) {
    assert_eq!(old.len(), new.len(), "diff of images of two lengths");
    assert!(old.len() <= PAGE_BYTES_MAX as usize, "diff of images longer than any page");
    runs.clear();
    // A page shorter than a block is a few words: for wide registers it is too short.
    #[cfg(target_arch = "x86_64")]
    if old.len() >= runs::BLOCK_BYTES && x86::diff_runs(old, new, runs) {
        return;
    }
    portable::diff_runs(old, new, runs);
}

/// Returns the change from `old` to `new`; its runs are those of [`diff_runs`].
///
/// # Panics
/// If the lengths differ or pass `limits::PAGE_BYTES_MAX`.
///
/// # Cost
/// O(page bytes); allocates the result and a list of runs.
#[must_use]
pub fn diff(old: &[u8], new: &[u8]) -> Delta {
    let mut runs = Vec::new();
    diff_runs(old, new, &mut runs);
    let mut delta = Delta::with_capacity(runs.len(), runs.iter().map(|run| run.len as usize).sum());
    for run in runs {
        delta.overwrite(run.offset, &new[run.range()]);
    }
    delta
}
