//! The manifest: the only truth about which files belong to a bus.
//!
//! `MANIFEST-<generation>` is written once and never changed; the highest generation counts. Checkpoints
//! have their count here, zero until they exist.

use mmsb_types::Lsn;

use crate::{
    Fault, InstanceId, SegmentHead,
    frame::{u32_at, u64_at},
    segment::{FORMAT_VERSION, HeadFault, check_head},
};

const MAGIC: [u8; 8] = *b"MMSBMAN\0";
const HEAD_BYTES: usize = 48;
const SEGMENT_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
/// Most segments a manifest may list; a bound for hostile files.
const SEGMENTS_MAX: usize = 1 << 20;

/// Which files make up a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Rises from 1 with every change of the file set.
    pub generation: u64,
    /// The bus they belong to.
    pub instance: InstanceId,
    /// The live segments, oldest first; never empty.
    pub segments: Vec<SegmentHead>,
}

impl Manifest {
    /// Returns the manifest of a new bus.
    #[must_use]
    pub fn first(instance: InstanceId) -> Self {
        Self { generation: 1, instance, segments: vec![SegmentHead::FIRST] }
    }

    /// Returns the file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("MANIFEST-{}", self.generation)
    }

    /// Returns the generation that a file name tells, if it names a manifest.
    #[must_use]
    pub fn generation_of(name: &str) -> Option<u64> {
        let digits = name.strip_prefix("MANIFEST-")?;
        let generation: u64 = digits.parse().ok()?;
        (generation.to_string() == digits).then_some(generation)
    }

    /// Returns the most bytes a manifest can have.
    #[must_use]
    pub const fn bytes_max() -> usize {
        HEAD_BYTES + SEGMENTS_MAX * SEGMENT_BYTES + CHECKSUM_BYTES
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.segments.len() * SEGMENT_BYTES + CHECKSUM_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(self.instance.0);
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend((self.segments.len() as u32).to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        for head in &self.segments {
            bytes.extend(head.segment.to_le_bytes());
            bytes.extend(head.first_number.to_le_bytes());
            bytes.extend(head.first_lsn.get().to_le_bytes());
            bytes.extend(head.chain.to_le_bytes());
            bytes.extend(0u32.to_le_bytes());
        }
        let checksum = mmsb_types::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`HeadFault`]: damage, or another version of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeadFault> {
        if bytes.len() < HEAD_BYTES + CHECKSUM_BYTES {
            let need = (HEAD_BYTES + CHECKSUM_BYTES) as u64;
            return Err(HeadFault::Damaged(Fault::CutShort { need, have: bytes.len() as u64 }));
        }
        check_head(bytes, MAGIC)?;
        let (count, checkpoints) = (u32_at(bytes, 40) as usize, u32_at(bytes, 44));
        let columns = &bytes[HEAD_BYTES..bytes.len() - CHECKSUM_BYTES];
        let reserved = bytes[10..16].iter().any(|&byte| byte != 0);
        let layout = |what| Err(HeadFault::Damaged(Fault::Layout(what)));
        if reserved || checkpoints != 0 {
            return layout("a reserved field is not zero");
        }
        if count == 0 || count > SEGMENTS_MAX || columns.len() != count * SEGMENT_BYTES {
            return layout("the segment count disagrees with the file's length");
        }
        let segments = columns.chunks_exact(SEGMENT_BYTES).map(segment).collect::<Option<Vec<_>>>();
        let instance = InstanceId(*bytes[16..].first_chunk().expect("length checked above"));
        match segments.filter(|list| list.is_sorted_by(|a, b| a.segment < b.segment)) {
            Some(segments) => Ok(Self { generation: u64_at(bytes, 32), instance, segments }),
            None => layout("the segment list is not in order or out of range"),
        }
    }
}

fn segment(bytes: &[u8]) -> Option<SegmentHead> {
    let head = SegmentHead {
        segment: u64_at(bytes, 0),
        first_number: u64_at(bytes, 8),
        first_lsn: Lsn::new(u64_at(bytes, 16)),
        chain: u32_at(bytes, 24),
    };
    (u32_at(bytes, 28) == 0 && head.is_possible()).then_some(head)
}
