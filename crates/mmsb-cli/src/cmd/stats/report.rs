//! The numbers for people.

use super::Totals;
use crate::render::{count, facts};

impl Totals {
    pub(super) fn report(&self) -> String {
        let bytes = |number| format!("{} bytes", count(number));
        facts([
            ("epochs", format!("e{} to e{}", self.oldest, self.newest)),
            ("commits", count(self.commit_count)),
            ("deltas", format!("{} runs, {}", count(self.run_count), bytes(self.payload_bytes))),
            ("frames", self.frames()),
            ("log", format!("{} in {} segments", bytes(self.log_bytes), count(self.segment_count))),
            ("checkpoints", self.checkpoints()),
            ("pages", self.pages()),
            ("memory", self.memory()),
        ])
    }

    fn frames(&self) -> String {
        let mean = self.frame_bytes.checked_div(self.commit_count).unwrap_or(0);
        let [sum, mean, max] = [self.frame_bytes, mean, self.frame_bytes_max].map(count);
        format!("{sum} bytes; mean {mean}, largest {max}")
    }

    fn checkpoints(&self) -> String {
        let [number, bytes] = [self.checkpoint_count, self.checkpoint_bytes].map(count);
        format!("{number}, {bytes} bytes; newest e{}", self.checkpoint)
    }

    fn pages(&self) -> String {
        let [live, created, deleted] = [self.page_count, self.created_count, self.deleted_count].map(count);
        format!("{live} live, {created} created, {deleted} deleted")
    }

    fn memory(&self) -> String {
        let [pages, slots] = [self.page_bytes, self.slot_bytes].map(count);
        let overhead = self.overhead_bytes_per_page;
        format!("{pages} bytes in pages, {slots} bytes in slots, {overhead:.1} more a page")
    }
}
