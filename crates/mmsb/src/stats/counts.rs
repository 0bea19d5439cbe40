//! Which of the figures are counters.

use super::Stats;

/// The counters of a bus since it was opened, when they were made to begin at zero.
pub(crate) type Counts = [u64; 11];

impl Stats {
    /// Returns all counters, but for times.
    pub(super) fn counts(mut self) -> Counts {
        self.counters_mut().map(|counter| *counter)
    }

    /// Takes what was there before away from all counters.
    pub(super) fn count_from(&mut self, base: &Counts) {
        for (counter, base) in self.counters_mut().into_iter().zip(base) {
            *counter = counter.saturating_sub(*base);
        }
    }

    fn counters_mut(&mut self) -> [&mut u64; 11] {
        let (deltas, performance) = (&mut self.deltas, &mut self.performance);
        let (log, checkpoints) = (&mut self.log, &mut self.checkpoints);
        [
            &mut deltas.commit_count,
            &mut deltas.count,
            &mut deltas.bytes,
            &mut deltas.frame_bytes,
            &mut performance.applications.count,
            &mut performance.propagations.count,
            &mut performance.recompute_count,
            &mut log.sync_count,
            &mut log.pass_count,
            &mut checkpoints.made_count,
            &mut checkpoints.failure_count,
        ]
    }
}
