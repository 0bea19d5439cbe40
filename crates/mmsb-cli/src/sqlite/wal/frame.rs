//! The parts of one frame, given as a slice of a whole frame.
//!
//! Bytes, all numbers big-endian: page number 0..4; database size in pages after a commit, else 0,
//! 4..8; the two salts 8..16; the checksum 16..24, over bytes 0..8 and the page; the page from 24.

use super::checksum::Checksum;

/// The bytes in front of each page.
pub(super) const HEAD_BYTES: usize = 24;

/// Returns the number of the page the frame holds.
pub(super) fn page_number(frame: &[u8]) -> u32 {
    u32::from_be_bytes(part(frame, 0))
}

/// Returns the database's size in pages if the frame ends a transaction.
pub(super) fn commit_pages(frame: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(part(frame, 4))).filter(|&pages| pages != 0)
}

/// Returns both salts as they are stored.
pub(super) fn salts(frame: &[u8]) -> [u8; 8] {
    part(frame, 8)
}

/// Returns the stored checksum.
pub(super) fn checksum(frame: &[u8]) -> Checksum {
    Checksum::stored(&part(frame, 16))
}

/// Returns whether salts and checksum are still missing: SQLite adds them when the transaction ends, if
/// it has written one of the transaction's pages a second time.
pub(super) fn is_unsealed(frame: &[u8]) -> bool {
    frame[8..HEAD_BYTES] == [0; 16]
}

/// Returns the part of the head that is summed, in front of the page.
pub(super) fn summed_head(frame: &[u8]) -> &[u8] {
    &frame[..8]
}

/// Returns the page's image.
pub(super) fn page(frame: &[u8]) -> &[u8] {
    &frame[HEAD_BYTES..]
}

fn part<const N: usize>(frame: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|index| frame[at + index])
}
