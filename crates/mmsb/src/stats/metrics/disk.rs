//! Metrics of what a bus has on disk.

use super::{Figure, bytes, count};
use crate::Stats;

impl Stats {
    pub(super) fn on_disk(&self) -> Vec<Figure> {
        let (log, checkpoints) = (&self.log, &self.checkpoints);
        vec![
            bytes("mmsb_log_bytes", log.bytes, "Length of the log, from its birth."),
            count("mmsb_log_segments", log.segment_count, "Files of the log."),
            count("mmsb_log_epoch_written", log.written.get(), "The newest state in the kernel's hands."),
            count("mmsb_log_epoch_durable", log.durable.get(), "The newest state on the disk."),
            count("mmsb_checkpoints", checkpoints.count, "Checkpoints on disk."),
            count("mmsb_checkpoint_epoch_newest", checkpoints.newest.get(), "State of the newest one."),
            bytes("mmsb_checkpoint_bytes", checkpoints.bytes, "Lengths of their files."),
        ]
    }
}
