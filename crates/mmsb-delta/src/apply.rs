//! Lays a delta over a page.

use crate::{Delta, Misfit, patch::len_u32};

/// Writes `delta` into `page`.
///
/// # Errors
/// The delta passes the page's end; the page is then untouched.
///
/// # Cost
/// O(bytes changed).
pub fn apply(delta: &Delta, page: &mut [u8]) -> Result<(), Misfit> {
    delta.fits(len_u32(page))?;
    delta.patches().try_for_each(|patch| patch.apply(page))
}
