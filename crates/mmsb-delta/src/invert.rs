//! The way back.

use crate::{Delta, Misfit, patch::len_u32};

/// Returns the delta that turns the page after `delta` into `old_page` again, byte for byte.
///
/// It writes the same runs as `delta`, so inverting the inverse over the new page gives `delta`.
///
/// # Errors
/// The delta passes the page's end.
///
/// # Cost
/// O(bytes changed).
pub fn invert(delta: &Delta, old_page: &[u8]) -> Result<Delta, Misfit> {
    delta.fits(len_u32(old_page))?;
    let mut inverse = Delta::with_capacity(delta.run_count(), delta.bytes_changed());
    for span in delta.spans() {
        inverse.overwrite(span.offset, &old_page[span.range()]);
    }
    Ok(inverse)
}
