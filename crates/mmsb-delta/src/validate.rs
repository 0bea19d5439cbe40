//! Whether a batch can be applied to the pages that are there.
//!
//! Patches of one batch must not overlap: then their order does not matter, and a batch may be split
//! by page without care.

use mmsb_types::{PageId, Place, Span, Violation, limits::PAGE_BYTES_MAX};

use crate::{BatchView, InvalidDelta, Patch};

/// Checks that every page exists, every run lies in its page, whole-page patches are exactly as long
/// as theirs, and no two patches write the same byte. `page_bytes_of` gives a page's length in bytes.
///
/// # Errors
/// The first fault in entry order, else the first overlap in page and offset order.
///
/// # Cost
/// O(entries) if they rise by page and offset, as the library's own batches do; else a sort of them,
/// with one allocation.
pub fn validate(
    view: BatchView<'_>,
    page_bytes_of: impl Fn(PageId) -> Option<u32>,
) -> Result<(), InvalidDelta> {
    let mut rising = true;
    let mut last = (PageId::new(0), 0);
    for (page, patch) in view.iter() {
        fits(page, &patch, &page_bytes_of)?;
        let span = patch.span();
        rising &= last <= (page, u64::from(span.offset));
        last = (page, span.end());
    }
    let first_overlap = if rising { None } else { overlaps(view).next() };
    first_overlap.map_or(Ok(()), Err)
}

/// Lists everything that [`validate`] would refuse: complete and slow.
#[must_use]
pub fn check(view: BatchView<'_>, page_bytes_of: impl Fn(PageId) -> Option<u32>) -> Vec<Violation> {
    let fits = view.iter().enumerate().filter_map(|(index, (page, patch))| {
        let error = fits(page, &patch, &page_bytes_of).err()?;
        let is_orphan = matches!(error, InvalidDelta::PageNotFound { .. });
        let rule = if is_orphan { "delta/page-lives" } else { "delta/fits-page" };
        Some(Violation::new(rule, Place::Entry(index), error.to_string()))
    });
    let overlaps = overlaps(view).filter_map(|error| match error {
        InvalidDelta::Overlap { page, .. } => {
            Some(Violation::new("delta/no-overlap", Place::Page(page), error.to_string()))
        }
        _ => None,
    });
    fits.chain(overlaps).collect()
}

fn fits(
    page: PageId,
    patch: &Patch<'_>,
    page_bytes_of: impl Fn(PageId) -> Option<u32>,
) -> Result<(), InvalidDelta> {
    let page_bytes = page_bytes_of(page).ok_or(InvalidDelta::PageNotFound { page })?;
    patch.fits(page_bytes).map_err(|misfit| misfit.on(page))
}

/// Sorts the runs by page and offset and returns each that begins before an earlier one of its page
/// has ended, with the one that reaches furthest.
fn overlaps(view: BatchView<'_>) -> impl Iterator<Item = InvalidDelta> {
    let mut runs: Vec<(PageId, Span)> = view.iter().map(|(page, patch)| (page, patch.span())).collect();
    runs.sort_unstable();
    let mut furthest = (PageId::new(0), Span::new(0, 0));
    runs.into_iter().filter_map(move |(page, second)| {
        let first = furthest.1;
        let found = furthest.0 == page && first.overlaps(second);
        if furthest.0 != page || second.end() > first.end() {
            furthest = (page, second);
        }
        found.then_some(InvalidDelta::Overlap { page, first, second })
    })
}

const _: () = assert!(PAGE_BYTES_MAX < u32::MAX, "a span of a checked patch never saturates");
