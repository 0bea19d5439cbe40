//! Asking all parts of a bus.

use std::sync::PoisonError;

use mmsb_types::{Epoch, PageLocation};

use super::{CheckpointStats, LogStats, PageStats, SnapshotStats, Stats};
use crate::{Bus, MemoryStats};

impl Bus {
    /// Returns what the bus holds and has done.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let world = bus.create_page("world", 4096)?;
    /// bus.write(world, 0, b"life")?;
    /// let stats = bus.stats();
    /// assert_eq!((stats.pages.count, stats.pages.bytes), (1, 4096));
    /// assert_eq!((stats.deltas.commit_count, stats.deltas.bytes), (2, 4));
    /// println!("{stats}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cost
    /// Some microseconds, whatever the number of pages; after a change of the graph, once as many nanoseconds more
    /// as it has pages. Waits for nobody but who looks at the same figures.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let base = *self.inner().stats_base.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stats = self.raw_stats();
        stats.count_from(&base);
        stats
    }

    /// Tells of all since the bus was opened.
    fn raw_stats(&self) -> Stats {
        let (memory, inner) = (self.memory(), self.inner());
        let mut stats = Stats {
            epoch: self.epoch(),
            oldest: self.oldest(),
            pages: self.page_stats(&memory),
            graph: inner.graph.stats(self.epoch()),
            log: self.log_stats(),
            checkpoints: self.checkpoint_stats(),
            snapshots: SnapshotStats::of(&memory),
            branches: inner.alive.branches(),
            mirrors: inner.alive.mirrors(),
            memory,
            ..Stats::default()
        };
        inner.counters.tell(&mut stats);
        stats
    }

    /// Lets all counters begin at zero again, and times with them; gauges are what they are.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// bus.create_page("world", 4096)?;
    /// bus.reset_stats();
    /// assert_eq!((bus.stats().deltas.commit_count, bus.stats().pages.count), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_stats(&self) {
        self.inner().counters.reset_times();
        let mut base = self.inner().stats_base.lock().unwrap_or_else(PoisonError::into_inner);
        *base = self.raw_stats().counts();
    }

    fn page_stats(&self, memory: &MemoryStats) -> PageStats {
        let [device_count, unified_count] =
            [PageLocation::Device, PageLocation::Unified].map(|location| self.located_count(location));
        let host_count = memory.page_count.saturating_sub(device_count + unified_count);
        let (count, bytes) = (memory.page_count, memory.page_bytes);
        PageStats { count, bytes, host_count, device_count, unified_count }
    }

    fn log_stats(&self) -> LogStats {
        let log = self.journal().log_stats();
        LogStats {
            bytes: log.log_bytes,
            segment_count: self.journal().dir().manifest().segments.len() as u64,
            written: Epoch::new(log.written),
            durable: Epoch::new(log.durable),
            sync_count: log.sync_count,
            pass_count: self.journal().pass_count(),
        }
    }

    fn checkpoint_stats(&self) -> CheckpointStats {
        let [made_count, failure_count] = self.inner().checkpoints.counts();
        let on_disk = self.checkpoints();
        CheckpointStats {
            newest: on_disk.last().map_or(Epoch::ZERO, |newest| newest.epoch),
            count: on_disk.len() as u64,
            bytes: on_disk.iter().map(|checkpoint| checkpoint.bytes).sum(),
            made_count,
            failure_count,
        }
    }
}

impl SnapshotStats {
    fn of(memory: &MemoryStats) -> Self {
        let (count, oldest) = (memory.pin_count, memory.oldest_pin);
        Self { count, oldest, preimage_bytes: memory.preimage_bytes }
    }
}
