//! Putting right what a change broke: checksums, hashes, places.
//!
//! Invariant: bytes that cannot be put right stay as they are; nothing here panics, whatever they say.

mod checkpoint;
mod log;

use mmsb_types::{crc32c, crc32c_append};

pub(super) use self::checkpoint::{fix_checkpoint, listed};
pub(super) use self::log::fix_segments;

pub(super) const LINE_BYTES: usize = 64;
pub(super) const KIND_SINGLE: u16 = 0x8001;
pub(super) const KIND_MARK: u16 = 0x8002;
pub(super) const KIND_STATE: u16 = 0x8003;

/// What is put right before an input is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fixes {
    /// Checksums and hashes (bit 0).
    pub checksums: bool,
    /// What says where a record, mark or segment stands, and what is before it (bit 1).
    pub places: bool,
    /// Numbers of frames (bit 2).
    pub numbers: bool,
    /// Whatever a target does more or less often (bit 3).
    pub more: bool,
}

impl Fixes {
    /// The byte that puts everything right.
    pub const ALL: u8 = 15;

    /// Splits the byte that tells off an input.
    #[must_use]
    pub fn split(input: &[u8]) -> (Self, &[u8]) {
        let (&byte, rest) = input.split_first().unwrap_or((&0, input));
        let bit = |bit: u8| byte >> bit & 1 == 1;
        (Self { checksums: bit(0), places: bit(1), numbers: bit(2), more: bit(3) }, rest)
    }
}

/// Cuts bytes into files: each begins with the magic of its kind.
pub(super) fn files<'b>(bytes: &'b [u8], magics: &[[u8; 8]]) -> Vec<&'b [u8]> {
    let is_start = |at: &usize| magics.iter().any(|magic| bytes[*at..].starts_with(magic));
    let starts: Vec<usize> = (0..bytes.len()).filter(is_start).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &bytes[start..end]).collect()
}

/// Puts right the checksum in the last four bytes.
pub(super) fn fix_tail(bytes: &mut [u8]) {
    if let Some((covered, tail)) = bytes.split_last_chunk_mut::<4>() {
        *tail = crc32c(covered).to_le_bytes();
    }
}

/// Puts right the checksums of the record that starts the bytes; returns how long it says it is, and the checksum
/// that enters the chain.
pub(super) fn fix_record(bytes: &mut [u8]) -> Option<(usize, Option<u32>)> {
    let word = u32_at(bytes, 0)?;
    let kind = (word >> 16) as u16;
    if word >> 31 == 1 {
        let checksum = fix_line(bytes.get_mut(..LINE_BYTES)?);
        return Some((LINE_BYTES, (kind == KIND_SINGLE).then_some(checksum)));
    }
    let total = (word as usize).clamp(32, bytes.len().max(32));
    let frame = bytes.get_mut(..total)?;
    let body = crc32c(&frame[32..]);
    put(frame, 24, &body.to_le_bytes());
    let head = crc32c(&frame[..28]);
    put(frame, 28, &head.to_le_bytes());
    Some((total, Some(head)))
}

fn fix_line(line: &mut [u8]) -> u32 {
    let checksum = line_checksum(line);
    put(line, 4, &checksum.to_le_bytes());
    checksum
}

/// Checksum of a line whose own stands at byte 4.
pub(super) fn line_checksum(line: &[u8]) -> u32 {
    crc32c_append(crc32c(&line[..4]), &line[8..])
}

pub(super) fn put(bytes: &mut [u8], at: usize, with: &[u8]) {
    if let Some(field) = bytes.get_mut(at..at + with.len()) {
        field.copy_from_slice(with);
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
