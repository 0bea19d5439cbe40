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
        let stats = bus.stats();
        Self {
            oldest: stats.oldest.get(),
            newest: stats.epoch.get(),
            page_count: stats.pages.count,
            page_bytes: stats.pages.bytes,
            slot_bytes: stats.memory.slot_bytes,
            overhead_bytes_per_page: stats.memory.table_bytes_per_page(),
            log_bytes: stats.log.bytes,
            segment_count: stats.log.segment_count,
            checkpoint_count: stats.checkpoints.count,
            checkpoint_bytes: stats.checkpoints.bytes,
            checkpoint: stats.checkpoints.newest.get(),
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
