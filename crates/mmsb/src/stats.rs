//! What a bus holds and has done, in its first form.

use std::fmt;

use mmsb_types::Epoch;

/// Counts of one moment; `Display` prints them as a block of lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// The newest state.
    pub epoch: Epoch,
    /// The oldest state that can be shown.
    pub oldest: Epoch,
    /// Live pages.
    pub page_count: u64,
    /// Bytes of live pages, as asked for.
    pub page_bytes: u64,
    /// Bytes of the slots they occupy.
    pub slot_bytes: u64,
    /// Bytes a page costs beyond its slot.
    pub overhead_bytes_per_page: f64,
    /// Commits made through this bus since it was opened.
    pub commit_count: u64,
    /// Runs of bytes these commits changed.
    pub run_count: u64,
    /// Bytes these runs stored.
    pub payload_bytes: u64,
    /// Bytes of the log from its birth.
    pub log_bytes: u64,
    /// Newest epoch that is in the kernel's hands.
    pub written: Epoch,
    /// Newest epoch known to be on the disk.
    pub durable: Epoch,
    /// How often the log was synced.
    pub sync_count: u64,
    /// How often the log was read from a kept state on: for the past, histories, and aged snapshots.
    pub log_pass_count: u64,
    /// State of the newest checkpoint; 0 if there is none.
    pub checkpoint: Epoch,
    /// Checkpoints made since the bus was opened.
    pub checkpoint_count: u64,
    /// Those that the bus was to make by itself, and that failed; why is traced.
    pub checkpoint_failure_count: u64,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== MMSB Statistics ===")?;
        writeln!(f, "Epochs: {} to {}", self.oldest, self.epoch)?;
        writeln!(f, "Pages: {}, {} bytes", self.page_count, self.page_bytes)?;
        writeln!(
            f,
            "Memory: {} slot bytes, {:.1} more a page",
            self.slot_bytes, self.overhead_bytes_per_page
        )?;
        let (commits, runs) = (self.commit_count, self.run_count);
        writeln!(f, "Deltas: {commits} commits, {runs} runs, {} bytes", self.payload_bytes)?;
        write!(f, "Log: {} bytes, written {}, ", self.log_bytes, self.written)?;
        writeln!(f, "durable {}, {} syncs, {} passes", self.durable, self.sync_count, self.log_pass_count)?;
        let (made, failed) = (self.checkpoint_count, self.checkpoint_failure_count);
        write!(f, "Checkpoints: newest {}, {made} made, {failed} failed", self.checkpoint)
    }
}
