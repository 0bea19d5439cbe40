//! The numbers of `mmsb stats`.

use mmsb::{Bus, CommitInfo, PageEvent};
use serde::Serialize;

#[derive(Default, Serialize)]
pub(super) struct Totals {
    pub(super) oldest: u64,
    pub(super) newest: u64,
    pub(super) commit_count: u64,
    pub(super) run_count: u64,
    pub(super) payload_bytes: u64,
    pub(super) frame_bytes: u64,
    pub(super) frame_bytes_max: u64,
    pub(super) created_count: u64,
    pub(super) deleted_count: u64,
    pub(super) page_count: u64,
    pub(super) page_bytes: u64,
    pub(super) slot_bytes: u64,
    pub(super) overhead_bytes_per_page: f64,
    pub(super) log_bytes: u64,
    pub(super) segment_count: u64,
    pub(super) checkpoint_count: u64,
    pub(super) checkpoint_bytes: u64,
    pub(super) checkpoint: u64,
}

impl Totals {
    pub(super) fn of(bus: &Bus) -> Self {
        let (stats, checkpoints) = (bus.stats(), bus.checkpoints());
        Self {
            oldest: stats.oldest.get(),
            newest: stats.epoch.get(),
            page_count: stats.page_count,
            page_bytes: stats.page_bytes,
            slot_bytes: stats.slot_bytes,
            overhead_bytes_per_page: stats.overhead_bytes_per_page,
            log_bytes: stats.log_bytes,
            segment_count: bus.segments().len() as u64,
            checkpoint_count: checkpoints.len() as u64,
            checkpoint_bytes: checkpoints.iter().map(|one| one.bytes).sum(),
            checkpoint: stats.checkpoint.get(),
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, commit: &CommitInfo) {
        let number =
            |of: fn(&PageEvent) -> bool| commit.events.iter().filter(|event| of(event)).count() as u64;
        self.commit_count += 1;
        self.run_count += commit.run_count as u64;
        self.payload_bytes += commit.payload_bytes as u64;
        self.frame_bytes += commit.frame_bytes as u64;
        self.frame_bytes_max = self.frame_bytes_max.max(commit.frame_bytes as u64);
        self.created_count += number(|event| matches!(event, PageEvent::Created { .. }));
        self.deleted_count += number(|event| matches!(event, PageEvent::Deleted { .. }));
    }
}
