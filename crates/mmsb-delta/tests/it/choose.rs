//! Which patches stand for a change: the rule's cases, and its laws.

mod joined;
mod laws;
mod single;

use mmsb_delta::{DeltaBatch, Patch, choose_bytes_into, choose_delta_into, choose_into, diff_runs};
use mmsb_types::PageId;

const PAGE: PageId = PageId::new(5);

fn chosen(page: PageId, old: &[u8], new: &[u8]) -> DeltaBatch {
    let (mut runs, mut batch) = (Vec::new(), DeltaBatch::default());
    diff_runs(old, new, &mut runs);
    choose_into(page, old, new, &runs, &mut batch);
    batch
}

/// The patches in words: form, run, and the byte of a fill.
fn dump(batch: &DeltaBatch) -> String {
    let words = batch.view().iter().map(|(_, patch)| match patch {
        Patch::Bytes { .. } => format!("bytes {}", patch.span()),
        Patch::Fill { span, byte } => format!("fill {span} {byte}"),
        Patch::Page { bytes } => format!("page {}", bytes.len()),
        Patch::PageFill { page_bytes, byte } => format!("page {page_bytes} of {byte}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `len` bytes that hold no byte twice in a row and never a zero.
fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|at| 1 + (at * 7 % 255) as u8).collect()
}

/// A page of zeros becomes one of zeros with `parts` at their offsets.
#[track_caller]
fn check(len: usize, parts: &[(usize, &[u8])], expect: &str) {
    let mut new = vec![0; len];
    parts.iter().for_each(|(at, part)| new[*at..*at + part.len()].copy_from_slice(part));
    assert_eq!(dump(&chosen(PAGE, &vec![0; len], &new)), expect);
}

/// The bytes of a page of which nothing was known become `new` from offset 0 on.
#[track_caller]
fn check_run(new: &[&[u8]], expect: &str) {
    let new = new.concat();
    let mut batch = DeltaBatch::default();
    let mut delta = mmsb_delta::Delta::default();
    delta.overwrite(0, &new);
    choose_delta_into(PAGE, &delta, 1 << 20, &mut batch);
    assert_eq!(dump(&batch), expect);
    batch.clear();
    choose_bytes_into(PAGE, 0, &new, 1 << 20, &mut batch);
    assert_eq!(dump(&batch), expect, "without a delta");
}
