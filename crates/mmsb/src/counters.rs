//! Counters of commits: one cell for each committer slot, so that nobody's counting slows another down.
//!
//! Times go to one histogram behind a lock: one commit in 64 gets there (`counters/timer.rs`).
//!
//! Invariant: a cell is written only by who holds its slot; the waves' cell, only by who holds the graph lock.

#[cfg(test)]
mod tests;
mod timer;
mod times;

use mmsb_delta::BatchView;
use mmsb_types::{Epoch, limits::COMMITTERS_MAX};

pub(crate) use self::timer::Timer;
use self::times::Times;
use crate::{
    Stats,
    checkpoint::NudgeShifts,
    stats::DeltaStats,
    sync::atomic::{AtomicU64, Ordering},
};

/// Cells for all slots.
#[derive(Debug)]
pub(crate) struct Counters {
    cells: Box<[Cell]>,
    nudge: NudgeShifts,
    /// All is counted and some is timed; else nothing is.
    is_on: bool,
    waves: WaveCell,
    times: Times,
}

/// A cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Cell {
    /// The last epoch made under the slot; it may not be published yet.
    epoch: AtomicU64,
    commit_count: AtomicU64,
    run_count: AtomicU64,
    payload_bytes: AtomicU64,
    frame_bytes: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct WaveCell {
    wave_count: AtomicU64,
    page_count: AtomicU64,
}

/// What is counted of commits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Amount {
    pub(crate) commit_count: u64,
    pub(crate) run_count: u64,
    pub(crate) payload_bytes: u64,
}

impl Amount {
    /// Counts one commit.
    #[inline]
    pub(crate) fn of(batch: BatchView<'_>) -> Self {
        Self { commit_count: 1, run_count: batch.len() as u64, payload_bytes: batch.payload_bytes() as u64 }
    }
}

impl Counters {
    /// Makes cells that ask for a nudge as often as `nudge` says; without `is_on` they count nothing, and ask for
    /// none.
    pub(crate) fn new(nudge: NudgeShifts, is_on: bool) -> Self {
        let cells = (0..=COMMITTERS_MAX).map(|_| Cell::default()).collect();
        Self { cells, nudge, is_on, waves: WaveCell::default(), times: Times::default() }
    }

    /// Notes the epoch that a commit under the slot `owner` makes, before anybody can see the commit.
    #[inline]
    pub(crate) fn set_epoch(&self, owner: u8, epoch: Epoch) {
        self.cells[usize::from(owner)].epoch.store(epoch.get(), Ordering::Release);
    }

    /// Returns the newest epoch that any commit makes or made: no commit that somebody has seen is newer.
    pub(crate) fn newest(&self) -> Epoch {
        let epochs = self.cells.iter().map(|cell| cell.epoch.load(Ordering::Acquire));
        Epoch::new(epochs.max().unwrap_or(0))
    }

    /// Counts commits made under the slot `owner`; tells whether it is time for a nudge.
    #[inline]
    pub(crate) fn add(&self, owner: u8, amount: Amount, frame_bytes: usize) -> bool {
        if !self.is_on {
            return false;
        }
        let cell = &self.cells[usize::from(owner)];
        let commits = bump(&cell.commit_count, amount.commit_count);
        bump(&cell.run_count, amount.run_count);
        bump(&cell.payload_bytes, amount.payload_bytes);
        let bytes = bump(&cell.frame_bytes, frame_bytes as u64);
        (commits >> self.nudge.commits | bytes >> self.nudge.bytes) != 0
    }

    /// Begins to time a commit under the slot `owner`, or probably under it, if this one is timed.
    #[inline]
    pub(crate) fn time_commit(&self, owner: u8, is_long: bool) -> Option<Timer> {
        if !self.is_on {
            return None;
        }
        let count = self.cells[usize::from(owner)].commit_count.load(Ordering::Relaxed);
        Timer::start(count, is_long)
    }

    /// Takes the time in which a commit's deltas were applied.
    #[inline]
    pub(crate) fn applied(&self, timer: Option<&Timer>) {
        if let Some(timer) = timer {
            self.times.add_applied(timer);
        }
    }

    /// Takes the time that somebody waited for a commit.
    #[inline]
    pub(crate) fn waited(&self, timer: Option<&Timer>) {
        if let Some(timer) = timer {
            self.times.add_waited(timer);
        }
    }

    /// Begins to time a wave, if this one is timed; the caller holds the graph lock.
    pub(crate) fn time_wave(&self, is_long: bool) -> Option<Timer> {
        let count = self.waves.wave_count.load(Ordering::Relaxed);
        if self.is_on { Timer::start(count, is_long) } else { None }
    }

    /// Counts a wave that computed pages; the caller holds the graph lock.
    pub(crate) fn add_wave(&self, timer: Option<&Timer>, page_count: u64) {
        bump(&self.waves.wave_count, 1);
        bump(&self.waves.page_count, page_count);
        if let Some(timer) = timer {
            self.times.add_propagated(timer);
        }
    }

    /// Forgets the times; counts stay.
    pub(crate) fn reset_times(&self) {
        self.times.reset();
    }

    /// Tells what was counted and timed.
    pub(crate) fn tell(&self, stats: &mut Stats) {
        let total = |of: fn(&Cell) -> &AtomicU64| {
            self.cells.iter().map(|cell| of(cell).load(Ordering::Relaxed)).sum()
        };
        stats.deltas = DeltaStats {
            commit_count: total(|cell| &cell.commit_count),
            count: total(|cell| &cell.run_count),
            bytes: total(|cell| &cell.payload_bytes),
            frame_bytes: total(|cell| &cell.frame_bytes),
        };
        let performance = &mut stats.performance;
        self.times.tell(performance);
        performance.applications.count = stats.deltas.count;
        performance.propagations.count = self.waves.wave_count.load(Ordering::Relaxed);
        performance.recompute_count = self.waves.page_count.load(Ordering::Relaxed);
    }
}

/// Adds to a cell, and returns which bits that changed. One writer: a load and a store do.
#[inline]
fn bump(cell: &AtomicU64, by: u64) -> u64 {
    let before = cell.load(Ordering::Relaxed);
    cell.store(before + by, Ordering::Relaxed);
    before ^ (before + by)
}
