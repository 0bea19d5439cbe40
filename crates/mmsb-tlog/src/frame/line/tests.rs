//! Lines against frames that were encoded the long way.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_types::PageId;

use super::Line;
use crate::frame::{FrameBuf, SectionBuf, parse_frame};

#[test]
fn a_sealed_line_is_the_frame_of_its_batch() {
    let payload: Vec<u8> = (1..=40).collect();
    for len in 1..=payload.len() {
        let mut batch = DeltaBatch::default();
        batch.push(PageId::new(7), Patch::Bytes { offset: 3, bytes: &payload[..len] });
        let line = Line::of(batch.view()).unwrap().sealed(1 << 40);
        let bytes = line.map(u64::to_le_bytes);
        let frame = parse_frame(bytes.as_flattened()).unwrap();
        assert_eq!((frame.number, frame.batch), (1 << 40, batch.view()), "{len} bytes");
        let mut buffer = FrameBuf::default();
        buffer.encode(&SectionBuf::default(), batch.view(), 64).unwrap();
        buffer.seal(1 << 40);
        assert_eq!(buffer.bytes(), bytes.as_flattened(), "{len} bytes");
    }
}

#[test]
fn a_batch_of_two_entries_or_a_long_one_is_no_line() {
    let mut batch = DeltaBatch::default();
    assert!(Line::of(batch.view()).is_none());
    batch.push(PageId::new(7), Patch::Bytes { offset: 0, bytes: &[1; 41] });
    assert!(Line::of(batch.view()).is_none());
    batch.clear();
    (0..2).for_each(|page| batch.push(PageId::new(page + 1), Patch::Bytes { offset: 0, bytes: &[1] }));
    assert!(Line::of(batch.view()).is_none());
}
