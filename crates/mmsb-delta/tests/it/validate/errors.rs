//! What an error says, and that it leaves the page alone.

use mmsb_delta::{InvalidDelta, Patch, check as violations, validate};
use mmsb_types::{PageId, Span};

use super::{batch, page_bytes_of, run};

#[test]
fn the_list_names_every_fault() {
    let batch = batch(&[run(3, 0, 1), run(1, 99, 2), run(2, 0, 4), run(2, 3, 4)]);
    let list: Vec<_> = violations(batch.view(), page_bytes_of).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(list.join("\n"), @"
    delta/page-lives at entry 0: page:3 does not exist
    delta/fits-page at entry 1: page:1: run 99+2 passes the page's end at 100
    delta/no-overlap at page:2: page:2: runs 0+4 and 3+4 of one batch overlap
    ");
}

#[test]
fn a_patch_for_another_page_leaves_it_alone() {
    let mut page = [7; 4];
    let patches = [
        Patch::Bytes { offset: 2, bytes: b"abc" },
        Patch::Bytes { offset: 4, bytes: b"" },
        Patch::Fill { span: Span::new(u32::MAX, u32::MAX), byte: 0 },
        Patch::Page { bytes: b"abc" },
        Patch::PageFill { page_bytes: 5, byte: 0 },
    ];
    let errors = patches.map(|patch| patch.apply(&mut page).expect_err("it does not fit").to_string());
    insta::assert_snapshot!(errors.join("\n"), @"
    run 2+3 passes the end of a page of 4 bytes
    empty run at offset 4
    run 4294967295+4294967295 passes the end of a page of 4 bytes
    whole-page patch of 3 bytes for a page of 4 bytes
    whole-page patch of 5 bytes for a page of 4 bytes
    ");
    assert_eq!(page, [7; 4]);
}

#[test]
fn an_error_keeps_its_facts() {
    let error = validate(batch(&[run(1, 99, 2)]).view(), page_bytes_of);
    let (page, span) = (PageId::new(1), Span::new(99, 2));
    assert_eq!(error, Err(InvalidDelta::OutOfBounds { page, span, page_bytes: 100 }));
}
