//! Indexes of segments: what is read is written again as it was, and every question about it is answered.

use mmsb::testing::index_comes_back;

use crate::fuzz::forge::{Fixes, fix_tail};

/// As long as the segment may be that an index says it is of; one that says more is refused.
const SEGMENT_BYTES_MAX: u64 = 1 << 20;

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, file) = Fixes::split(input);
    let mut file = file.to_vec();
    if fixes.checksums {
        fix_tail(&mut file);
    }
    index_comes_back(&file, SEGMENT_BYTES_MAX).map(drop)
}
