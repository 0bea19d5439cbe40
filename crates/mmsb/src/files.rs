//! What a bus has on disk: segments of its log, and checkpoints.

use mmsb_types::{Epoch, Lsn};

use crate::Bus;

/// A file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Its file is `seg-<number>`.
    pub number: u64,
    /// The first commit that it can hold.
    pub first: Epoch,
    /// Where in the log it begins.
    pub first_lsn: Lsn,
    /// Bytes of log in it.
    pub bytes: u64,
}

/// A state in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointInfo {
    /// The state; its file is `ckpt-<epoch>`.
    pub epoch: Epoch,
    /// The checkpoint it builds on; `None` if it is full.
    pub parent: Option<Epoch>,
    /// The file's length.
    pub bytes: u64,
}

impl Bus {
    /// Returns the segments of the log, oldest first.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let (manifest, end) = (self.journal().dir().manifest(), self.journal().log_stats().log_bytes);
        let ends = manifest.segments.iter().skip(1).map(|next| next.first_lsn.get()).chain([end]);
        let segment = |(head, end): (&mmsb_tlog::SegmentHead, u64)| SegmentInfo {
            number: head.segment,
            first: Epoch::new(head.first_number),
            first_lsn: head.first_lsn,
            bytes: end.saturating_sub(head.first_lsn.get()),
        };
        manifest.segments.iter().zip(ends).map(segment).collect()
    }

    /// Returns the checkpoints, oldest first.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<CheckpointInfo> {
        let manifest = self.journal().dir().manifest();
        let checkpoint = |there: &mmsb_tlog::CheckpointRef| CheckpointInfo {
            epoch: Epoch::new(there.epoch()),
            parent: there.parent.map(Epoch::new),
            bytes: there.bytes,
        };
        manifest.checkpoints.iter().map(checkpoint).collect()
    }
}
