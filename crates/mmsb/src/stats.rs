//! What a bus holds and has done, in parts.
//!
//! Invariant: a gauge is what is so now; a counter only grows, from the opening or the last [`Bus::reset_stats`]
//! on. What one part says twice, it was asked once.

mod counts;
mod gather;
#[cfg(feature = "metrics")]
mod metrics;
mod parts;
mod performance;
mod text;

use mmsb_types::Epoch;

pub(crate) use self::counts::Counts;
pub use self::{
    parts::{
        BranchStats, CheckpointStats, DeltaStats, GraphStats, LogStats, MirrorStats, PageStats, SnapshotStats,
    },
    performance::{Latency, PerformanceStats, Timing},
};
#[cfg(doc)]
use crate::Bus;
pub use crate::memory::MemoryStats;

/// A bus at one moment, made by [`Bus::stats`]; `Display` prints it as a block of lines.
///
/// Counters (`deltas`, `performance`, and what is said to be one) count what this process did through the bus
/// since it was opened, or since [`Bus::reset_stats`]; all else is as of now. While others commit, the parts may
/// be some commits apart.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// The newest state.
    pub epoch: Epoch,
    /// The oldest state from which on all can be shown.
    pub oldest: Epoch,
    /// Pages, and where they live.
    pub pages: PageStats,
    /// Memory by part.
    pub memory: MemoryStats,
    /// What was committed.
    pub deltas: DeltaStats,
    /// Who depends on whom.
    pub graph: GraphStats,
    /// How long it took.
    pub performance: PerformanceStats,
    /// The log.
    pub log: LogStats,
    /// States on disk.
    pub checkpoints: CheckpointStats,
    /// States held in memory.
    pub snapshots: SnapshotStats,
    /// What-ifs.
    pub branches: BranchStats,
    /// Copies on devices.
    pub mirrors: MirrorStats,
}
