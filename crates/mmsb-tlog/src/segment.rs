//! The head of a segment: which bus, which part of its log, and what the part before it ended with.
//!
//! Invariant: a segment is read only if its own head and the manifest agree on every field.

use mmsb_types::{Lsn, crc32c};

use crate::{
    Cursor, Fault, InstanceId,
    frame::{NUMBER_MAX, u16_at, u32_at, u64_at},
    manifest::number_behind,
};

/// Bytes of a segment's head.
pub const SEGMENT_HEAD_BYTES: usize = 64;
/// Version of segments: the same in both versions of the format.
pub(crate) const SEGMENT_VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"MMSBSEG\0";
/// Largest position at which a segment may begin.
pub(crate) const LSN_MAX: u64 = 1 << 62;

/// Where a segment begins: the state of the log just before its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHead {
    /// Rises from 1.
    pub segment: u64,
    /// Number of the first frame in it.
    pub first_number: u64,
    /// Position of the segment's own first byte.
    pub first_lsn: Lsn,
    /// Chain value at the end of the segment before.
    pub chain: u32,
}

impl SegmentHead {
    /// The head of a new log's first segment.
    pub const FIRST: Self = Self { segment: 1, first_number: 1, first_lsn: Lsn::ZERO, chain: 0 };

    /// Returns the head of the first segment of a log whose first frame is `first_number`: the states before
    /// it are not its own.
    #[must_use]
    pub const fn starting_at(first_number: u64) -> Self {
        Self { first_number, ..Self::FIRST }
    }

    /// Returns the head of the segment with this number that begins at `end`, where the one before it ends.
    #[must_use]
    pub const fn behind(segment: u64, end: Cursor) -> Self {
        Self { segment, first_number: end.number + 1, first_lsn: end.lsn, chain: end.chain }
    }

    /// Returns the place of the segment's first record.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        let lsn = Lsn::new(self.first_lsn.get() + SEGMENT_HEAD_BYTES as u64);
        Cursor { lsn, number: self.first_number - 1, chain: self.chain }
    }

    /// Returns the file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        Self::name_of(self.segment)
    }

    /// Returns the name of the file of the segment with this number.
    #[must_use]
    pub fn name_of(segment: u64) -> String {
        format!("seg-{segment}")
    }

    /// Returns the segment's number that a file name tells, if it names a segment.
    #[must_use]
    pub fn number_of(name: &str) -> Option<u64> {
        number_behind(name, "seg-")
    }

    /// Tells whether a log can have such a segment; sums of a position and a file's length do not overflow.
    pub(crate) fn is_possible(&self) -> bool {
        let numbers = 1..=NUMBER_MAX;
        self.segment >= 1 && numbers.contains(&self.first_number) && self.first_lsn.get() <= LSN_MAX
    }

    /// Returns the head's bytes.
    #[must_use]
    pub fn encode(&self, instance: InstanceId) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut head = [0; SEGMENT_HEAD_BYTES];
        head[0..8].copy_from_slice(&MAGIC);
        head[8..10].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        head[16..32].copy_from_slice(&instance.0);
        head[32..40].copy_from_slice(&self.segment.to_le_bytes());
        head[40..48].copy_from_slice(&self.first_number.to_le_bytes());
        head[48..56].copy_from_slice(&self.first_lsn.get().to_le_bytes());
        head[56..60].copy_from_slice(&self.chain.to_le_bytes());
        let checksum = crc32c(&head[..60]);
        head[60..64].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// Reads a head; `Err` carries the version found if only that is the matter.
    ///
    /// # Errors
    /// [`HeadFault`]: damage, or another version of the format.
    pub fn parse(head: &[u8]) -> Result<(Self, InstanceId), HeadFault> {
        if head.len() < SEGMENT_HEAD_BYTES {
            let (need, have) = (SEGMENT_HEAD_BYTES as u64, head.len() as u64);
            return Err(HeadFault::Damaged(Fault::CutShort { need, have }));
        }
        check_head(&head[..SEGMENT_HEAD_BYTES], MAGIC, SEGMENT_VERSION)?;
        if u16_at(head, 10) != 0 || u32_at(head, 12) != 0 {
            return Err(HeadFault::Damaged(Fault::Layout("a reserved field is not zero")));
        }
        let instance = InstanceId(*head[16..].first_chunk().expect("length checked above"));
        let this = Self {
            segment: u64_at(head, 32),
            first_number: u64_at(head, 40),
            first_lsn: Lsn::new(u64_at(head, 48)),
            chain: u32_at(head, 56),
        };
        if !this.is_possible() {
            return Err(HeadFault::Damaged(Fault::Layout("a number is out of range")));
        }
        Ok((this, instance))
    }
}

/// Why the head of a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// Its bytes are damaged.
    Damaged(Fault),
    /// It is whole, but of another version of the format.
    Version(u16),
}

/// Checks magic, the checksum in the last four bytes, and the version at byte 8, in this order; returns the
/// version, which is at most `newest`.
pub(crate) fn check_head(bytes: &[u8], magic: [u8; 8], newest: u16) -> Result<u16, HeadFault> {
    if bytes[..8] != magic {
        return Err(HeadFault::Damaged(Fault::Layout("the magic bytes are wrong")));
    }
    let covered = bytes.len() - 4;
    let (stored, computed) = (u32_at(bytes, covered), crc32c(&bytes[..covered]));
    if stored != computed {
        return Err(HeadFault::Damaged(Fault::HeaderChecksum { stored, computed }));
    }
    match u16_at(bytes, 8) {
        version if (1..=newest).contains(&version) => Ok(version),
        other => Err(HeadFault::Version(other)),
    }
}
