//! Writing manifests: always in the newest version.

use super::{
    CHECKPOINT_BYTES, CHECKPOINTS_MAX, CHECKSUM_BYTES, CheckpointRef, FORMAT_VERSION, MAGIC, Manifest,
    SEGMENT_BYTES, SEGMENTS_MAX, TAG_BYTES_MAX, TAG_HEAD_BYTES, TAGS_MAX, Tag,
};
use crate::SegmentHead;

/// Bytes before the first segment.
const HEAD_BYTES: usize = 56;
pub(super) const HAS_PARENT: u32 = 1;

impl Manifest {
    /// Returns the most bytes a manifest can have.
    #[must_use]
    pub const fn bytes_max() -> usize {
        HEAD_BYTES
            + SEGMENTS_MAX * SEGMENT_BYTES
            + CHECKPOINTS_MAX * CHECKPOINT_BYTES
            + TAGS_MAX * (TAG_HEAD_BYTES + TAG_BYTES_MAX).next_multiple_of(8)
            + CHECKSUM_BYTES
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let lists = self.segments.len() * SEGMENT_BYTES + self.checkpoints.len() * CHECKPOINT_BYTES;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + lists + CHECKSUM_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(self.instance.0);
        bytes.extend(self.generation.to_le_bytes());
        for count in [self.segments.len(), self.checkpoints.len(), self.tags.len(), 0] {
            bytes.extend((count as u32).to_le_bytes());
        }
        self.segments.iter().for_each(|head| encode_segment(head, &mut bytes));
        self.checkpoints.iter().for_each(|checkpoint| encode_checkpoint(checkpoint, &mut bytes));
        self.tags.iter().for_each(|tag| encode_tag(tag, &mut bytes));
        let checksum = mmsb_types::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }
}

fn encode_segment(head: &SegmentHead, bytes: &mut Vec<u8>) {
    bytes.extend(head.segment.to_le_bytes());
    bytes.extend(head.first_number.to_le_bytes());
    bytes.extend(head.first_lsn.get().to_le_bytes());
    bytes.extend(head.chain.to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
}

fn encode_checkpoint(checkpoint: &CheckpointRef, bytes: &mut Vec<u8>) {
    let flags = if checkpoint.parent.is_some() { HAS_PARENT } else { 0 };
    bytes.extend(checkpoint.cursor.number.to_le_bytes());
    bytes.extend(checkpoint.cursor.lsn.get().to_le_bytes());
    bytes.extend(checkpoint.cursor.chain.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend(checkpoint.parent.unwrap_or(0).to_le_bytes());
    bytes.extend(checkpoint.bytes.to_le_bytes());
    bytes.extend(checkpoint.hash);
}

fn encode_tag(tag: &Tag, bytes: &mut Vec<u8>) {
    bytes.extend(tag.number.to_le_bytes());
    bytes.extend((tag.name.len() as u16).to_le_bytes());
    bytes.extend([0; 6]);
    bytes.extend(tag.name.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}
