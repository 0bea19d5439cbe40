//! What a frame came to.

use std::{fmt, time::Duration};

use mmsb_types::{Durability, Epoch, Label};

use crate::{Error, Stats, WaveReport};

/// What one frame of a loop did, and where its time went; made by [`Ticks::run`](crate::Ticks::run).
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "what failed behind the commit is told here and nowhere else"]
pub struct TickReport {
    /// The state that the frame's commit made.
    pub epoch: Epoch,
    /// The state in which pages that waited are computed, too; the same, if none was.
    pub through: Epoch,
    /// The frame's label.
    pub label: Option<Label>,
    /// How safe it was when the frame ended.
    pub reached: Durability,
    /// How long it might take.
    pub budget: Option<Duration>,
    /// How long it took.
    pub spent: Duration,
    /// Of which, part by part.
    pub times: TickTimes,
    /// How many pages were computed. What others commit at the same time may hide some.
    pub computed_count: usize,
    /// How many pages are stale behind it on a bus that defers: put off, or their functions are not here.
    pub stale_count: usize,
    /// What failed behind the commit, which stays: computing pages that waited, or a mirror.
    pub failures: Vec<Error>,
    /// The bus's figures, if asked for.
    pub stats: Option<Box<Stats>>,
}

/// How long the parts of a frame took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickTimes {
    /// The program's own: what it was given the transaction for.
    pub changes: Duration,
    /// The commit, and what is computed in it.
    pub commit: Duration,
    /// Computing pages that waited.
    pub propagation: Duration,
    /// Waiting for the durability asked for.
    pub durability: Duration,
    /// Bringing mirrors up to date.
    pub mirrors: Duration,
    /// Gathering the figures.
    pub stats: Duration,
}

impl TickReport {
    pub(super) fn of(epoch: Epoch, label: Option<Label>, budget: Option<Duration>) -> Self {
        Self {
            epoch,
            through: epoch,
            label,
            reached: Durability::Volatile,
            budget,
            spent: Duration::ZERO,
            times: TickTimes::default(),
            computed_count: 0,
            stale_count: 0,
            failures: Vec::new(),
            stats: None,
        }
    }

    /// Returns by how much it passed its budget; zero without one.
    #[must_use]
    pub fn over(&self) -> Duration {
        self.budget.map_or(Duration::ZERO, |budget| self.spent.saturating_sub(budget))
    }

    /// Returns how much of its budget is left, to sleep for perhaps; zero without one.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.budget.map_or(Duration::ZERO, |budget| budget.saturating_sub(self.spent))
    }

    pub(super) fn add_wave(&mut self, wave: &WaveReport) {
        if wave.ran_count() > 0 {
            self.computed_count += wave.ran_count();
            self.through = self.through.max(wave.epoch());
        }
    }

    pub(super) fn fail(&mut self, error: Error) {
        tracing::error!(%error, epoch = %self.epoch, "behind the commit of a tick");
        self.failures.push(error);
    }
}

impl TickTimes {
    /// Visits the parts in their order, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let Self { changes, commit, propagation, durability, mirrors, stats } = *self;
        let first = [("changes", changes), ("commit", commit), ("propagation", propagation)];
        first.into_iter().chain([("durability", durability), ("mirrors", mirrors), ("stats", stats)])
    }
}

/// A line: parts that took no time to speak of are left out.
impl fmt::Display for TickReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.through)?;
        self.label.map_or(Ok(()), |label| write!(f, " {label}"))?;
        write!(f, ": {:.1?}", self.spent)?;
        self.budget.map_or(Ok(()), |budget| write!(f, " of {budget:.1?}"))?;
        let told = self.times.parts().filter(|(_, time)| *time >= Duration::from_micros(1));
        told.enumerate().try_for_each(|(at, (part, time))| {
            write!(f, "{} {part} {time:.1?}", if at == 0 { ";" } else { "," })
        })?;
        write!(f, "; {} pages computed", self.computed_count)?;
        match self.stale_count {
            0 => {}
            stale => write!(f, ", {stale} stale")?,
        }
        self.failures.iter().try_for_each(|error| write!(f, "; {error}"))
    }
}
