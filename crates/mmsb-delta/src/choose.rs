//! The smallest set of patches for a change, by one fixed rule.
//!
//! The cost of a patch is its encoding: 8 bytes for a compact entry or 24 for a wide one, and its
//! payload. The rule, whose result depends on nothing but page, runs and bytes:
//!
//! 1. A page that is one byte repeated afterwards is a `PageFill`, unless its runs cost less.
//! 2. Inside a run, a stretch of one repeated byte becomes a `Fill` if that is strictly smaller than
//!    leaving it among the bytes: longer than an entry and its byte where it begins or ends the run,
//!    or than two entries and a byte inside, or than one byte where it is the run.
//! 3. Two neighbouring fills of one byte join over the unchanged bytes between them if those hold
//!    the same byte too and the joined fill costs less. (Only where the page's bytes are known.)
//! 4. A run longer than one compact entry holds is stored as two compact pieces if two suffice, else
//!    as one wide entry.
//! 5. If all that costs as much as the page itself, or more, the patch is the whole page.
//!
//! Ties: whole page before runs, `PageFill` before `Page`, one entry before two, bytes before fill.
//! The result is never larger than one patch of form bytes for each run.

mod plan;
mod stretch;

use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, COMPACT_OFFSET_MAX},
};

use crate::{
    Delta, DeltaBatch, Patch,
    entry::{Compact, Wide},
    patch::len_u32,
};
use plan::Plan;

const COMPACT_BYTES: usize = size_of::<Compact>();
const WIDE_BYTES: usize = size_of::<Wide>();

/// On the average over a page, an entry stands for at least this many bytes of it: a run and the
/// bytes that keep it from the next, or half a fill with its neighbour.
pub(crate) const BYTES_PER_ENTRY_MIN: usize = 8;

/// Appends to `batch` the smallest patches that turn `old` into `new`, given where they differ.
///
/// `runs` are those of [`crate::diff_runs`] for the two images; none means no patch.
///
/// # Panics
/// If the images' lengths differ, or the runs do not rise within them, or `page` is out of range.
///
/// # Cost
/// O(bytes of the runs), about a nanosecond for 16; allocates only where `batch` must grow.
pub fn choose_into(page: PageId, old: &[u8], new: &[u8], runs: &[Span], batch: &mut DeltaBatch) {
    assert_eq!(old.len(), new.len(), "choose for images of two lengths");
    if runs.is_empty() {
        return;
    }
    let mark = batch.mark();
    let mut plan = Plan::new(page, 0, new, batch);
    runs.iter().for_each(|run| plan.add_run(*run));
    let runs_cost = plan.finish();
    match whole_page(page, new, runs_cost) {
        Some(patch) => {
            batch.drop_entries(mark);
            batch.push(page, patch);
        }
        None => batch.add_payload(mark, 0, new),
    }
}

/// Appends to `batch` the smallest patches that do what `delta` does to a page of `page_bytes`, of
/// which nothing else is known. The empty delta adds nothing.
///
/// # Panics
/// If `page` is out of range. A delta that passes the page's end is stored as it is, for
/// [`crate::validate`] to find.
///
/// # Cost
/// As [`choose_into`].
pub fn choose_delta_into(page: PageId, delta: &Delta, page_bytes: u32, batch: &mut DeltaBatch) {
    delta.runs().for_each(|(span, bytes)| choose_bytes_into(page, span.offset, bytes, page_bytes, batch));
}

/// Appends to `batch` the smallest patches that write `bytes` from `offset` on: as [`choose_delta_into`] of a delta
/// of one run, which nobody has to make.
///
/// # Panics
/// As [`choose_delta_into`]; if there are no bytes, or 2^32.
pub fn choose_bytes_into(page: PageId, offset: u32, bytes: &[u8], page_bytes: u32, batch: &mut DeltaBatch) {
    let span = Span::new(offset, len_u32(bytes));
    if span == Span::new(0, page_bytes) {
        // The whole page is known, so all forms are open; the old bytes do not matter.
        return choose_into(page, bytes, bytes, &[span], batch);
    }
    choose_run_into(page, span, bytes, batch);
}

/// Appends the smallest patches for one run of a page of which nothing else is known.
pub(crate) fn choose_run_into(page: PageId, span: Span, bytes: &[u8], batch: &mut DeltaBatch) {
    let mark = batch.mark();
    let mut plan = Plan::new(page, span.offset, bytes, batch);
    plan.add_run(span);
    plan.finish();
    batch.add_payload(mark, span.offset, bytes);
}

/// The whole-page patch, if one costs no more than `runs_cost`.
fn whole_page(page: PageId, new: &[u8], runs_cost: usize) -> Option<Patch<'_>> {
    let page_bytes = len_u32(new);
    let entry = entry_cost(page, Span::new(page_bytes, 0));
    if runs_cost > entry && is_one_byte(new) {
        return Some(Patch::PageFill { page_bytes, byte: new[0] });
    }
    (entry + new.len() <= runs_cost).then_some(Patch::Page { bytes: new })
}

/// Tells whether all bytes are equal. Most pages are not, and show it in a byte or two.
fn is_one_byte(bytes: &[u8]) -> bool {
    let [first, .., last] = bytes else { return true };
    first == last && bytes[bytes.len() / 2] == *first && bytes[1..] == bytes[..bytes.len() - 1]
}

/// What one entry with these fields costs, in bytes.
fn entry_cost(page: PageId, fields: Span) -> usize {
    let compact =
        page.get() <= COMPACT_ID_MAX && fields.offset <= COMPACT_OFFSET_MAX && fields.len <= COMPACT_LEN_MAX;
    if compact { COMPACT_BYTES } else { WIDE_BYTES }
}

/// What the entries of a run cost, in bytes.
fn run_cost(page: PageId, run: Span) -> usize {
    pieces(page, run).into_iter().flatten().map(|piece| entry_cost(page, piece)).sum()
}

/// The entries a run is stored as: two where that makes both compact and one would be wide.
fn pieces(page: PageId, run: Span) -> [Option<Span>; 2] {
    let Some(rest) = run.len.checked_sub(COMPACT_LEN_MAX).filter(|rest| *rest > 0) else {
        return [Some(run), None];
    };
    let first = Span::new(run.offset, COMPACT_LEN_MAX);
    let second = Span::new(run.offset.saturating_add(COMPACT_LEN_MAX), rest);
    let both_compact = entry_cost(page, second) == COMPACT_BYTES;
    if both_compact { [Some(first), Some(second)] } else { [Some(run), None] }
}
