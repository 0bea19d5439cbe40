//! Reading frames: every length is checked before it is used, every byte is under a checksum.

use mmsb_delta::BatchView;
use mmsb_types::{crc32c, limits::RECORD_BYTES_MAX};

use super::{
    FLAG_SECTIONS, HEADER_BYTES, KIND_MARK, KIND_SINGLE, KIND_STATE, SINGLE_BYTES, SectionKind, Sections,
    line_checksum, u16_at, u32_at, u64_at,
};
use crate::{
    Fault,
    sync::{Fault as Planted, is_planted},
};

/// Least bytes any record has.
const RECORD_BYTES_MIN: usize = HEADER_BYTES;
/// Length of an entry in the compact column.
const COMPACT_BYTES: usize = 8;
/// Length of an entry in the wide column.
const WIDE_BYTES: usize = 24;

/// A frame that was read: checked, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number: the epoch it makes.
    pub number: u64,
    /// What it carries beside deltas.
    pub sections: Sections<'a>,
    /// Its deltas.
    pub batch: BatchView<'a>,
    /// The checksum that the next mark chains.
    pub checksum: u32,
    /// Its length, in bytes.
    pub bytes: usize,
}

/// What starts at some place of a log, as far as its first bytes tell; its length can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordHead {
    /// A frame of this many bytes, its header verified.
    Frame(usize),
    /// A `single` frame.
    Single,
    /// A mark of this many bytes, not verified yet.
    Mark(usize),
    /// A state mark of this many bytes, not verified yet.
    State(usize),
}

impl RecordHead {
    /// Returns how many bytes the record takes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Frame(bytes) | Self::Mark(bytes) | Self::State(bytes) => bytes,
            Self::Single => SINGLE_BYTES,
        }
    }
}

/// Tells what record starts at the front of `bytes`; a frame's length only after its header's checksum.
///
/// # Errors
/// A [`Fault`] if no record starts there.
pub fn record_head(bytes: &[u8]) -> Result<RecordHead, Fault> {
    if bytes.len() < RECORD_BYTES_MIN {
        return Err(Fault::CutShort { need: RECORD_BYTES_MIN as u64, have: bytes.len() as u64 });
    }
    let word = u32_at(bytes, 0);
    match (word as u16, (word >> 16) as u16) {
        (0, 0) => Err(Fault::Zeros),
        (len, KIND_SINGLE) if usize::from(len) == SINGLE_BYTES => Ok(RecordHead::Single),
        (len, KIND_MARK) if usize::from(len) == crate::mark::MARK_BYTES => {
            Ok(RecordHead::Mark(usize::from(len)))
        }
        (len, KIND_STATE) if usize::from(len) == crate::state::STATE_MARK_BYTES => {
            Ok(RecordHead::State(usize::from(len)))
        }
        _ if word >> 31 != 0 => Err(Fault::Kind { found: word }),
        _ => frame_head(bytes, word),
    }
}

fn frame_head(bytes: &[u8], total: u32) -> Result<RecordHead, Fault> {
    let (stored, computed) = (u32_at(bytes, 28), crc32c(&bytes[..28]));
    if stored != computed {
        return Err(Fault::HeaderChecksum { stored, computed });
    }
    if !total.is_multiple_of(8) || (total as usize) < HEADER_BYTES || total > RECORD_BYTES_MAX {
        return Err(Fault::Length { found: u64::from(total) });
    }
    if u16_at(bytes, 4) & !FLAG_SECTIONS != 0 || u16_at(bytes, 6) != 0 {
        return Err(Fault::Layout("an unknown flag is set"));
    }
    Ok(RecordHead::Frame(total as usize))
}

/// Reads the whole frame in `bytes`, which is as long as [`record_head`] told.
///
/// # Errors
/// A [`Fault`] if any byte of it is not as it was written.
pub fn parse_frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    parse_headed(record_head(bytes)?, bytes)
}

/// Reads the whole frame in `bytes`, of which [`record_head`] told this.
///
/// # Errors
/// As [`parse_frame`].
#[inline]
pub(crate) fn parse_headed(head: RecordHead, bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    match head {
        RecordHead::Single if bytes.len() == SINGLE_BYTES => parse_single(bytes),
        RecordHead::Frame(total) if bytes.len() == total => parse_body(bytes),
        head => Err(Fault::CutShort { need: head.bytes() as u64, have: bytes.len() as u64 }),
    }
}

/// Returns number and checksum of the frame whose head this is, as the head tells them: of a `single` frame, whose head
/// is under the same checksum as all of it, nothing is verified.
#[inline]
pub(crate) fn frame_mark(head: RecordHead, line: &[u8]) -> (u64, u32) {
    let checksum = if head == RecordHead::Single { u32_at(line, 4) } else { u32_at(line, 28) };
    (u64_at(line, 8), checksum)
}

/// Reads the record at the front of `bytes` that was found good before: its length, and the frame, if it is one.
/// `None` where nothing is left. Checks all that keeps reading from going astray, but no checksum again.
#[inline]
pub(crate) fn verified_frame(bytes: &[u8]) -> Option<(usize, Option<Frame<'_>>)> {
    let word = u32_at(bytes.get(..RECORD_BYTES_MIN)?, 0);
    let (len, kind) = (word & 0xffff, (word >> 16) as u16);
    let total = if word >> 31 == 0 { word } else { len } as usize;
    let record = bytes.get(..total).filter(|record| record.len() >= RECORD_BYTES_MIN)?;
    let frame = match kind {
        KIND_SINGLE => Some(read_single(record.get(..SINGLE_BYTES)?).ok()?),
        _ if word >> 31 != 0 => None,
        _ => Some(read_body(record).ok()?),
    };
    Some((total, frame))
}

fn parse_single(line: &[u8]) -> Result<Frame<'_>, Fault> {
    let (stored, computed) = (u32_at(line, 4), line_checksum(line));
    if stored != computed && !is_planted(Planted::SkipChecksum) {
        return Err(Fault::BodyChecksum { stored, computed });
    }
    read_single(line)
}

#[inline]
fn read_single(line: &[u8]) -> Result<Frame<'_>, Fault> {
    let payload_bytes = single_payload_bytes(line).ok_or(Fault::Layout("a single frame's entry"))?;
    let columns = &line[16..24 + payload_bytes];
    let batch = BatchView::parse(columns, 1, 0, payload_bytes as u32)?;
    if line[24 + payload_bytes..].iter().any(|&byte| byte != 0) {
        return Err(Fault::Layout("a single frame's padding is not zero"));
    }
    let (number, checksum) = (u64_at(line, 8), u32_at(line, 4));
    Ok(Frame { number, sections: Sections::default(), batch, checksum, bytes: SINGLE_BYTES })
}

/// The entry itself tells how much payload it has.
fn single_payload_bytes(line: &[u8]) -> Option<usize> {
    let bytes = mmsb_delta::compact_payload_bytes(*line[16..].first_chunk()?)? as usize;
    (bytes <= super::SINGLE_PAYLOAD_MAX).then_some(bytes)
}

fn parse_body(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let (head, body) = bytes.split_at(HEADER_BYTES);
    let (stored, computed) = (u32_at(head, 24), crc32c(body));
    if stored != computed && !is_planted(Planted::SkipChecksum) {
        return Err(Fault::BodyChecksum { stored, computed });
    }
    read_body(bytes)
}

fn read_body(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let (head, body) = bytes.split_at(HEADER_BYTES);
    let (sections, columns) = if u16_at(head, 4) & FLAG_SECTIONS != 0 {
        Sections::split(body)?
    } else {
        (Sections::default(), body)
    };
    let batch = parse_columns(columns, u32_at(head, 20), wide_count(sections)?, u32_at(head, 16))?;
    Ok(Frame { number: u64_at(head, 8), sections, batch, checksum: u32_at(head, 28), bytes: bytes.len() })
}

fn wide_count(sections: Sections<'_>) -> Result<u32, Fault> {
    match sections.get(SectionKind::WIDE_COUNT) {
        None => Ok(0),
        Some(content) => match <[u8; 4]>::try_from(content).map(u32::from_le_bytes) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(Fault::Layout("the wide count is no count")),
        },
    }
}

fn parse_columns(columns: &[u8], entries: u32, wide: u32, payload: u32) -> Result<BatchView<'_>, Fault> {
    let compact = entries.checked_sub(wide).ok_or(Fault::Layout("more wide entries than entries"))?;
    let used = (compact as usize)
        .checked_mul(COMPACT_BYTES)
        .and_then(|bytes| bytes.checked_add((wide as usize).checked_mul(WIDE_BYTES)?))
        .and_then(|bytes| bytes.checked_add(payload as usize))
        .ok_or(Fault::Layout("column lengths overflow"))?;
    if used.checked_next_multiple_of(8) != Some(columns.len()) {
        return Err(Fault::Layout("column lengths disagree with the frame's length"));
    }
    let (columns, padding) = columns.split_at(used);
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Fault::Layout("padding is not zero"));
    }
    Ok(BatchView::parse(columns, compact, wide, payload)?)
}
