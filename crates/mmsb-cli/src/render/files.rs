//! A bus's files and named states, as JSON.

use mmsb::{CheckpointInfo, SegmentInfo, Tag};
use serde::Serialize;

/// A segment of the log.
#[derive(Serialize)]
pub struct JsonSegment {
    number: u64,
    first: u64,
    bytes: u64,
}

/// A checkpoint.
#[derive(Serialize)]
pub struct JsonCheckpoint {
    /// The state.
    pub epoch: u64,
    /// What it builds on.
    pub parent: Option<u64>,
    /// Its file's length.
    pub bytes: u64,
}

/// A state with a name.
#[derive(Serialize)]
pub struct JsonTag {
    /// The name.
    pub name: String,
    /// The state.
    pub epoch: u64,
}

impl From<&SegmentInfo> for JsonSegment {
    fn from(info: &SegmentInfo) -> Self {
        Self { number: info.number, first: info.first.get(), bytes: info.bytes }
    }
}

impl From<&CheckpointInfo> for JsonCheckpoint {
    fn from(info: &CheckpointInfo) -> Self {
        Self { epoch: info.epoch.get(), parent: info.parent.map(|parent| parent.get()), bytes: info.bytes }
    }
}

impl From<Tag> for JsonTag {
    fn from(tag: Tag) -> Self {
        Self { name: tag.name, epoch: tag.epoch.get() }
    }
}
