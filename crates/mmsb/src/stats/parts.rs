//! The parts of what a bus tells of itself, but for times.

use mmsb_types::Epoch;

/// Pages that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PageStats {
    /// How many.
    pub count: u64,
    /// Their lengths together, in bytes.
    pub bytes: u64,
    /// Those that live on the host alone.
    pub host_count: u64,
    /// Those that also live on a device, for as long as it is said.
    pub device_count: u64,
    /// Those that also live on a device while there is room.
    pub unified_count: u64,
}

/// What was committed through this bus; counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeltaStats {
    /// Commits.
    pub commit_count: u64,
    /// Deltas in them: runs of bytes, each of one page.
    pub count: u64,
    /// The payload that these store, in bytes.
    pub bytes: u64,
    /// The frames of the commits in the log, heads and checksums included, in bytes.
    pub frame_bytes: u64,
}

/// The dependency graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct GraphStats {
    /// Pages with an edge.
    pub node_count: u64,
    /// Edges of all kinds.
    pub edge_count: u64,
    /// How many edges the longest way through it has.
    pub depth_max: u32,
    /// Derived pages.
    pub derived_count: u64,
    /// Stale pages.
    pub stale_count: u64,
}

/// The log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogStats {
    /// Its length from its birth, in bytes; what was given up of it counts.
    pub bytes: u64,
    /// Its files.
    pub segment_count: u64,
    /// The newest epoch that is in the kernel's hands.
    pub written: Epoch,
    /// The newest epoch known to be on the disk.
    pub durable: Epoch,
    /// How often it was synced; a counter.
    pub sync_count: u64,
    /// How often it was read from a kept state on: for the past, histories, aged snapshots; a counter.
    pub pass_count: u64,
}

/// Checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CheckpointStats {
    /// State of the newest one; 0 if there is none.
    pub newest: Epoch,
    /// Those on disk.
    pub count: u64,
    /// The lengths of their files together, in bytes.
    pub bytes: u64,
    /// Those that were made; a counter.
    pub made_count: u64,
    /// Those that the bus was to make by itself, and that failed; why is traced. A counter.
    pub failure_count: u64,
}

/// States that somebody holds in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SnapshotStats {
    /// Snapshots that live, clones not counted, and other holders of an epoch, as branches and checkpoints are.
    pub count: u64,
    /// The oldest epoch that one of them holds.
    pub oldest: Option<Epoch>,
    /// What they keep of old pages, in bytes.
    pub preimage_bytes: u64,
}

/// Branches of the bus that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BranchStats {
    /// How many, clones not counted.
    pub count: u64,
}

/// Mirrors of the bus that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MirrorStats {
    /// How many.
    pub count: u64,
    /// Pages that their devices have.
    pub page_count: u64,
    /// The lengths of these together, in bytes.
    pub bytes: u64,
}

impl DeltaStats {
    /// Returns how many bytes a delta stores on average; 0 without any.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.bytes as f64 / self.count as f64 }
    }
}
