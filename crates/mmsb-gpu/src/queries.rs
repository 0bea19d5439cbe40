//! What is asked of pages: programs that ask, and answers read.

mod compare;
mod digest;
mod snapshot_diff;

pub use compare::Comparison;
pub(crate) use compare::compare;
pub use digest::Fingerprint;
pub(crate) use digest::{blake3, digests, fingerprints};
pub(crate) use snapshot_diff::{deltas, diff_count, diff_emit};

use crate::{GpuError, PageHandle, Slabs, lower, program::Piece};

/// Returns tiles of two pages of one length, the first as target.
fn both(
    slabs: &Slabs,
    page: PageHandle,
    other: PageHandle,
) -> Result<impl Iterator<Item = Piece> + use<>, GpuError> {
    lower::same_length(slabs, page, other)?;
    let source = slabs.find(other)?;
    Ok(lower::tiles(slabs.find(page)?, source.slab, source.first_word / 4))
}
