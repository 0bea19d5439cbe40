//! Files made to hurt: right checksums over wrong contents. Typed errors, in bounded time and memory.

mod effort;
mod heads;
mod numbers;

use mmsb_tlog::{Scan, Verification};
use mmsb_types::crc32c;
use proptest::prelude::*;

use crate::common::{log_of, places, specimen};

/// Makes the header of the frame at `offset` right again.
fn fix_header(bytes: &mut [u8], offset: usize) {
    let checksum = crc32c(&bytes[offset..offset + 28]);
    bytes[offset + 28..offset + 32].copy_from_slice(&checksum.to_le_bytes());
}

/// Makes body and header of the frame at `offset` right again.
fn fix_frame(bytes: &mut [u8], offset: usize, len: usize) {
    let checksum = crc32c(&bytes[offset + 32..offset + len]);
    bytes[offset + 24..offset + 28].copy_from_slice(&checksum.to_le_bytes());
    fix_header(bytes, offset);
}

proptest! {
    #[test]
    fn a_frame_of_any_content_with_right_checksums_is_judged(
        changes in proptest::collection::vec((0..24usize, any::<u8>()), 0..4),
        body in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        which in 0..3usize,
    ) {
        let mut bytes = specimen(true);
        let frame = places(&bytes).into_iter()
            .filter(|place| !place.is_line && bytes[place.offset + 3] == 0).nth(which).unwrap();
        changes.iter().for_each(|&(at, byte)| bytes[frame.offset + at] = byte);
        for (at, byte) in &body {
            if frame.bytes > 32 {
                bytes[frame.offset + 32 + at.index(frame.bytes - 32)] = *byte;
            }
        }
        fix_frame(&mut bytes, frame.offset, frame.bytes);
        let dir = log_of(&bytes);
        let (scan, verification) = (Scan::run(&dir), Verification::run(&dir).unwrap());
        prop_assert_eq!(scan.is_err(), verification.is_damaged());
    }

    #[test]
    fn any_bytes_behind_the_head_are_judged(tail in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..600)) {
        let mut bytes = specimen(true);
        bytes.extend(&tail);
        let scan = Scan::run(&log_of(&bytes)).unwrap();
        prop_assert_eq!(scan.frame_count, 8);
    }
}
