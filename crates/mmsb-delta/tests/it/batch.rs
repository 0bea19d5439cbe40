//! The encoding: golden bytes, round trips, and everything damaged refused or still a batch.

mod counts;
mod damage;
mod golden;
mod laws;
mod refusals;

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_types::{PageId, Span};

const PAGE: PageId = PageId::new(0x0a0b_0c0d);
const FAR: PageId = PageId::new(0x12_3456_789a);

fn batch(patches: &[(PageId, Patch<'_>)]) -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    patches.iter().for_each(|(page, patch)| batch.push(*page, *patch));
    batch
}

fn encoded(batch: &DeltaBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    batch.encode_into(&mut bytes);
    bytes
}

/// One of each form, compact and wide, and a run that is wide by length and one by offset.
fn one_of_each() -> DeltaBatch {
    let bytes = |offset| Patch::Bytes { offset, bytes: b"abcde" };
    let fill = |offset, len| Patch::Fill { span: Span::new(offset, len), byte: 0xf1 };
    let page = Patch::Page { bytes: b"PAGE" };
    let page_fill = |page_bytes| Patch::PageFill { page_bytes, byte: 0xf2 };
    batch(&[
        (FAR, bytes(0x11)),
        (PAGE, bytes(0xf_1234)),
        (FAR, fill(3, 4)),
        (PAGE, fill(0x1234, 0xfff)),
        (FAR, page),
        (PAGE, page),
        (FAR, page_fill(4096)),
        (PAGE, page_fill(4096)),
        (PAGE, fill(0x1234, 0x1000)),
        (PAGE, page_fill(0x10_0000)),
    ])
}
