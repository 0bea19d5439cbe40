//! Whether a batch fits the pages that are there.

mod errors;

use mmsb_delta::{DeltaBatch, Patch, check as violations, validate};
use mmsb_types::{PageId, Span};

/// Page 1 has 100 bytes, page 2 has 4096; there is no other.
fn page_bytes_of(page: PageId) -> Option<u32> {
    match page.get() {
        1 => Some(100),
        2 => Some(4096),
        _ => None,
    }
}

fn run(page: u64, offset: u32, len: u32) -> (u64, Patch<'static>) {
    (page, Patch::Fill { span: Span::new(offset, len), byte: 1 })
}

fn batch(patches: &[(u64, Patch<'_>)]) -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    patches.iter().for_each(|(page, patch)| batch.push(PageId::new(*page), *patch));
    batch
}

/// Validates the batch: the first error, or nothing; and the full list has an item or none likewise.
#[track_caller]
fn check(patches: &[(u64, Patch<'_>)], expect: &str) {
    let batch = batch(patches);
    let error = validate(batch.view(), page_bytes_of).err();
    assert_eq!(error.map(|error| error.to_string()).unwrap_or_default(), expect);
    assert_eq!(violations(batch.view(), page_bytes_of).is_empty(), expect.is_empty());
}

#[test]
fn a_batch_that_fits_is_valid() {
    check(&[], "");
    check(&[run(1, 0, 50), run(1, 50, 50), run(2, 0, 4096)], "");
    check(&[run(2, 0, 10), run(1, 50, 50), run(1, 0, 50), run(2, 10, 1)], "");
    check(&[(1, Patch::PageFill { page_bytes: 100, byte: 0 }), (2, Patch::Page { bytes: &[0; 4096] })], "");
}

#[test]
fn a_page_that_is_not_there_is_named() {
    check(&[run(1, 0, 1), run(3, 0, 1)], "page:3 does not exist");
}

#[test]
fn a_run_past_the_end_is_named() {
    check(&[run(1, 99, 2)], "page:1: run 99+2 passes the page's end at 100");
}

#[test]
fn a_whole_page_of_another_length_is_named() {
    let short = Patch::PageFill { page_bytes: 99, byte: 0 };
    check(&[(1, short)], "page:1: whole-page patch of 99 bytes, the page has 100");
    check(
        &[(1, Patch::Page { bytes: &[0; 101] })],
        "page:1: whole-page patch of 101 bytes, the page has 100",
    );
}

#[test]
fn overlapping_runs_are_named_in_whatever_order_they_come() {
    let expect = "page:1: runs 10+10 and 19+5 of one batch overlap";
    check(&[run(1, 10, 10), run(1, 19, 5)], expect);
    check(&[run(1, 19, 5), run(2, 0, 1), run(1, 10, 10)], expect);
    check(&[run(1, 0, 5), run(1, 0, 5)], "page:1: runs 0+5 and 0+5 of one batch overlap");
}

#[test]
fn a_run_inside_a_long_one_is_found_behind_another() {
    check(&[run(1, 0, 90), run(1, 10, 1), run(1, 80, 5)], "page:1: runs 0+90 and 10+1 of one batch overlap");
    let batch = batch(&[run(1, 0, 90), run(1, 10, 1), run(1, 80, 5)]);
    assert_eq!(violations(batch.view(), page_bytes_of).len(), 2);
}

#[test]
fn overlaps_are_found_between_compact_and_wide_entries() {
    let whole = Patch::Fill { span: Span::new(0, 4096), byte: 0 };
    let mixed = batch(&[(2, whole), run(2, 4095, 1)]);
    assert_eq!((mixed.compact_count(), mixed.wide_count()), (1, 1));
    check(&[(2, whole), run(2, 4095, 1)], "page:2: runs 0+4096 and 4095+1 of one batch overlap");
}
