//! Writing frames: everything but the number, outside all locks; then the number.

use mmsb_delta::BatchView;
use mmsb_types::crc32c;

use super::{
    FLAG_SECTIONS, HEADER_BYTES, KIND_SINGLE, Line, SINGLE_BYTES, SINGLE_PAYLOAD_MAX, SectionBuf,
    line_checksum,
};
use crate::{
    Fault, LogError,
    frame::{parse_frame, record_head},
};

/// Bytes of the section that counts wide entries.
const WIDE_SECTION_BYTES: usize = 16;
/// Length and kind of a `single` frame.
const SINGLE_HEAD: u32 = SINGLE_BYTES as u32 | (KIND_SINGLE as u32) << 16;

/// One frame's bytes, encoded before its number is known; reusable.
///
/// Invariant: after [`FrameBuf::encode`], only the number and the checksum over it are missing.
#[derive(Debug, Default)]
pub struct FrameBuf {
    bytes: Vec<u8>,
}

impl FrameBuf {
    /// Makes an empty buffer with room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// Empties the buffer and makes room for `capacity` bytes in it.
    pub fn make_room(&mut self, capacity: usize) {
        self.bytes.clear();
        self.bytes.reserve(capacity);
    }

    /// Returns the bytes that the buffer's memory takes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Takes the first of several sealed frames, to be published once more; returns the bytes behind it, too.
    ///
    /// # Errors
    /// The fault, if there is no whole frame.
    pub fn first_of(frames: &[u8]) -> Result<(Self, &[u8]), Fault> {
        let need = record_head(frames)?.bytes();
        let cut = || Fault::CutShort { need: need as u64, have: frames.len() as u64 };
        let (frame, behind) = frames.split_at_checked(need).ok_or_else(cut)?;
        parse_frame(frame)?;
        Ok((Self { bytes: frame.to_vec() }, behind))
    }

    /// Returns an upper bound of the frame's length, in bytes.
    #[must_use]
    pub fn bound(sections: &SectionBuf, batch_bytes: usize) -> usize {
        let body = WIDE_SECTION_BYTES + sections.encoded_bytes() + batch_bytes;
        (HEADER_BYTES + body).next_multiple_of(8).max(SINGLE_BYTES)
    }

    /// Encodes a commit, number left open.
    ///
    /// # Errors
    /// [`LogError::RecordTooLarge`] above `record_bytes_max`; the buffer is empty then.
    pub fn encode(
        &mut self,
        sections: &SectionBuf,
        batch: BatchView<'_>,
        record_bytes_max: u32,
    ) -> Result<(), LogError> {
        self.bytes.clear();
        let (bytes, limit) = (frame_bytes(sections, batch), u64::from(record_bytes_max));
        if bytes > limit {
            return Err(LogError::RecordTooLarge { bytes, limit });
        }
        if let Some(line) = Line::of(batch).filter(|_| sections.is_empty()) {
            self.bytes.extend_from_slice(line.open_words().map(u64::to_le_bytes).as_flattened());
        } else {
            self.bytes.reserve(bytes as usize);
            self.encode_frame(sections, batch);
        }
        Ok(())
    }

    /// Returns the frame's length, in bytes: a multiple of 8.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether nothing is encoded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the bytes; whole once sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Fills in the number and the checksum over it. Cannot fail and allocates nothing.
    ///
    /// Each word is stored whole: the ring takes words, and one that was just stored in parts is slow to load.
    pub fn seal(&mut self, number: u64) {
        self.bytes[8..16].copy_from_slice(&number.to_le_bytes());
        if self.is_single_line() {
            let checksum = line_checksum(&self.bytes);
            self.put_word(0, SINGLE_HEAD, checksum);
        } else {
            let checksum = crc32c(&self.bytes[..28]);
            self.put_word(24, super::u32_at(&self.bytes, 24), checksum);
        }
    }

    fn put_word(&mut self, offset: usize, low: u32, high: u32) {
        let word = u64::from(low) | u64::from(high) << 32;
        self.bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// Takes the bytes out, leaving the buffer empty.
    pub(crate) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn is_single_line(&self) -> bool {
        self.bytes[2..4] == KIND_SINGLE.to_le_bytes()
    }

    fn encode_frame(&mut self, sections: &SectionBuf, batch: BatchView<'_>) {
        self.bytes.resize(HEADER_BYTES, 0);
        self.encode_sections(sections, batch.wide_count() as u32);
        batch.encode_into(&mut self.bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let has_sections = !sections.is_empty() || batch.wide_count() > 0;
        let body_checksum = crc32c(&self.bytes[HEADER_BYTES..]);
        let (total, head) = (self.bytes.len() as u32, &mut self.bytes[..HEADER_BYTES]);
        head[0..4].copy_from_slice(&total.to_le_bytes());
        head[4..6].copy_from_slice(&(u16::from(has_sections) * FLAG_SECTIONS).to_le_bytes());
        head[16..20].copy_from_slice(&(batch.payload_bytes() as u32).to_le_bytes());
        let entry_count = (batch.compact_count() + batch.wide_count()) as u32;
        head[20..24].copy_from_slice(&entry_count.to_le_bytes());
        head[24..28].copy_from_slice(&body_checksum.to_le_bytes());
    }

    /// The wide count comes first: its kind is the lowest.
    fn encode_sections(&mut self, sections: &SectionBuf, wide_count: u32) {
        if wide_count > 0 {
            SectionBuf::encode_wide_count(wide_count, sections.is_empty(), &mut self.bytes);
        }
        sections.encode_into(&mut self.bytes);
    }
}

/// Returns the length that the frame will have, in bytes.
fn frame_bytes(sections: &SectionBuf, batch: BatchView<'_>) -> u64 {
    if is_single(sections, batch) {
        return SINGLE_BYTES as u64;
    }
    let wide = if batch.wide_count() > 0 { WIDE_SECTION_BYTES } else { 0 };
    (HEADER_BYTES + wide + sections.encoded_bytes() + batch.encoded_bytes()).next_multiple_of(8) as u64
}

fn is_single(sections: &SectionBuf, batch: BatchView<'_>) -> bool {
    let one_compact = batch.compact_count() == 1 && batch.wide_count() == 0;
    sections.is_empty() && one_compact && batch.payload_bytes() <= SINGLE_PAYLOAD_MAX
}
