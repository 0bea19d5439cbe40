//! A frame: one commit as bytes. `docs/format.md` gives every byte; this is that page as code.
//!
//! A frame is a 32-byte header, optional sections, entry columns, payload, zero padding to 8. A commit of
//! one short delta and nothing else takes a `single` frame instead: one 64-byte line.
//!
//! Invariant: `parse(encode(x)) == x`, and no byte of a frame is outside its checksums.

mod encode;
mod line;
mod parse;
mod section;

pub use encode::FrameBuf;
pub use line::Line;
pub use parse::{Frame, RecordHead, parse_frame, record_head};
pub use section::{SectionBuf, SectionKind, Sections};

pub(crate) use line::LINE_WORDS;
pub(crate) use parse::{frame_mark, parse_headed, verified_frame};

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 32;
/// Bytes of a `single` frame.
pub const SINGLE_BYTES: usize = 64;
/// Most payload bytes of a `single` frame.
pub const SINGLE_PAYLOAD_MAX: usize = 40;
/// Largest number of a frame: the page table keeps epochs in 56 bits.
pub const NUMBER_MAX: u64 = (1 << 56) - 1;
/// Kind word of a `single` frame; the top bit tells it from a length.
pub(crate) const KIND_SINGLE: u16 = 0x8001;
/// Kind word of a mark.
pub(crate) const KIND_MARK: u16 = 0x8002;
/// Kind word of a state mark.
pub(crate) const KIND_STATE: u16 = 0x8003;
/// Set in the first word of a record that is one line, and in no length: the top bit of a kind word.
pub(crate) const KIND_BIT: u64 = 1 << 31;
/// Header flag: sections follow the header.
pub(crate) const FLAG_SECTIONS: u16 = 1;

const _: () = assert!(SINGLE_BYTES == 24 + SINGLE_PAYLOAD_MAX);
const _: () = assert!((mmsb_types::limits::RECORD_BYTES_MAX as u64) < 1 << 31);

/// Reads the little-endian `u32` at `offset`.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(*bytes[offset..].first_chunk().expect("caller checked the length"))
}

/// Reads the little-endian `u64` at `offset`.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(*bytes[offset..].first_chunk().expect("caller checked the length"))
}

/// Reads the little-endian `u16` at `offset`.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(*bytes[offset..].first_chunk().expect("caller checked the length"))
}

/// Checksum of a 64-byte line whose own checksum stands at byte 4.
#[inline]
pub(crate) fn line_checksum(line: &[u8]) -> u32 {
    mmsb_types::crc32c_append(mmsb_types::crc32c(&line[..4]), &line[8..])
}
