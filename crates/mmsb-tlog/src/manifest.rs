//! The manifest: the only truth about which files belong to a bus.
//!
//! `MANIFEST-<generation>` is written once and never changed; the highest generation counts. It lists the live
//! segments, the checkpoints, and the tags that pin some of them.
//!
//! Invariant: a manifest that was parsed, or written by [`LogDir::edit`](crate::LogDir::edit), is a possible
//! one: its segments follow each other, each checkpoint's place is one of the log's own.

mod check;
mod encode;
mod lookup;
mod parse;

use crate::{Cursor, InstanceId, SegmentHead};

/// Version of the format of a bus that this build writes, as its manifest tells it; version 1, which knows
/// neither checkpoints nor tags, is read, too.
pub const FORMAT_VERSION: u16 = 2;
/// Longest name of a tag, in bytes.
pub const TAG_BYTES_MAX: usize = 255;

pub(crate) const MAGIC: [u8; 8] = *b"MMSBMAN\0";
const CHECKSUM_BYTES: usize = 4;
const SEGMENT_BYTES: usize = 32;
const CHECKPOINT_BYTES: usize = 72;
/// Bytes of a tag before its name.
const TAG_HEAD_BYTES: usize = 16;
/// Most segments a manifest may list; like the two below, a bound for hostile files.
pub(crate) const SEGMENTS_MAX: usize = 1 << 20;
const CHECKPOINTS_MAX: usize = 1 << 16;
/// Most checkpoints that build on each other, the full one included: reading one opens all of them.
const CHAIN_MAX: u16 = 256;
const TAGS_MAX: usize = 1 << 16;

/// Which files make up a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Rises from 1 with every change of the file set.
    pub generation: u64,
    /// The bus they belong to.
    pub instance: InstanceId,
    /// The live segments, oldest first, without a gap; never empty.
    pub segments: Vec<SegmentHead>,
    /// The checkpoints that count, oldest first.
    pub checkpoints: Vec<CheckpointRef>,
    /// Names of checkpoints that stay, in the order of the names.
    pub tags: Vec<Tag>,
}

/// One checkpoint, as far as the manifest knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointRef {
    /// The place just behind the frame whose state it holds; the number is the checkpoint's epoch.
    pub cursor: Cursor,
    /// Epoch of the checkpoint that it builds on; `None` if it is full.
    pub parent: Option<u64>,
    /// Length of its file.
    pub bytes: u64,
    /// Hash of its file, as the file's own format defines it.
    pub hash: [u8; 32],
}

/// A name for a state that is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Not empty, at most [`TAG_BYTES_MAX`] bytes; no other tag has it.
    pub name: String,
    /// Epoch of a listed checkpoint.
    pub number: u64,
}

impl Manifest {
    /// Returns the manifest of a new bus.
    #[must_use]
    pub fn first(instance: InstanceId) -> Self {
        let (checkpoints, tags) = (Vec::new(), Vec::new());
        Self { generation: 1, instance, segments: vec![SegmentHead::FIRST], checkpoints, tags }
    }

    /// Returns the file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("MANIFEST-{}", self.generation)
    }

    /// Returns the generation that a file name tells, if it names a manifest.
    #[must_use]
    pub fn generation_of(name: &str) -> Option<u64> {
        number_behind(name, "MANIFEST-")
    }
}

impl CheckpointRef {
    /// Returns the number of the state it holds.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.cursor.number
    }

    /// Returns the file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        Self::name_of(self.epoch())
    }

    /// Returns the name of the file of a checkpoint at `epoch`.
    #[must_use]
    pub fn name_of(epoch: u64) -> String {
        format!("ckpt-{epoch}")
    }

    /// Returns the epoch that a file name tells, if it names a checkpoint.
    #[must_use]
    pub fn epoch_of(name: &str) -> Option<u64> {
        number_behind(name, "ckpt-")
    }
}

/// Returns the number that a name tells behind `prefix`; decimal, in the one way to write it.
pub(crate) fn number_behind(name: &str, prefix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}
