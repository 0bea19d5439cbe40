//! One frame of a loop: the program's changes, what follows from them, and all that keeps up with the bus, against a
//! budget of time.
//!
//! The frame is one commit. Behind it come, in this order: pages that wait to be computed, the durability asked for,
//! once for all of it, the mirrors, the figures. Only pages that wait may be put off, and not twice in a row: the rest
//! is what the frame was for.
//!
//! Invariant: an error means that nothing was changed, but for [`Error::OutcomeUnknown`]; what fails behind the commit
//! is in the report.

mod laps;
mod report;
mod run;

use std::{fmt, time::Duration};

use mmsb_types::{Durability, Label};

pub use self::report::{TickReport, TickTimes};
use crate::{Bus, Error, Mirror, Transaction};

/// A loop over a bus, one commit a frame; made by [`Bus::ticks`].
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// use std::time::Duration;
///
/// let bus = mmsb::Bus::in_memory()?;
/// let ball = bus.create_page("ball", 8)?;
/// let mut late_count = 0;
/// let mut ticks = bus
///     .ticks()
///     .labels_from(0)                                    // the first tick has label 0, the next 1
///     .budget(Duration::from_micros(16_667))
///     .on_overrun(|report| late_count += u32::from(report.over() > Duration::from_millis(5)));
/// for _ in 0..60 {
///     let report = ticks.run(|tx| {
///         let height: u64 = tx.get(ball, 0)?;
///         tx.put(ball, 0, &(height + 1))                 // an error here: the tick changes nothing
///     })?;
///     // Draw; then sleep for `report.left()`.
///     assert!(report.failures.is_empty());
/// }
/// drop(ticks);
/// assert_eq!(bus.at_label(59)?.get::<u64>(ball, 0)?, 60);
/// # Ok(())
/// # }
/// ```
#[must_use = "a loop does nothing until it runs"]
pub struct Ticks<'b> {
    bus: &'b Bus,
    budget: Option<Duration>,
    durability: Durability,
    label: Option<u64>,
    tag: Option<String>,
    mirrors: Vec<&'b Mirror>,
    has_stats: bool,
    overrun: Option<Overrun<'b>>,
    /// Pages wait to be computed since a frame that had no time for them.
    is_behind: bool,
}

type Overrun<'b> = Box<dyn FnMut(&TickReport) + Send + 'b>;

impl Bus {
    /// Runs one frame of a loop without a budget: as [`Ticks::run`] of [`Bus::ticks`] with nothing said.
    ///
    /// # Errors
    /// As [`Ticks::run`].
    #[track_caller]
    pub fn tick(
        &self,
        frame: impl FnOnce(&mut Transaction<'_>) -> Result<(), Error>,
    ) -> Result<TickReport, Error> {
        self.ticks().run(frame)
    }

    /// Begins a loop: what is said of it holds for all of its frames. Durability is the bus's, if not said.
    pub fn ticks(&self) -> Ticks<'_> {
        Ticks {
            bus: self,
            budget: None,
            durability: self.durability(),
            label: None,
            tag: None,
            mirrors: Vec::new(),
            has_stats: false,
            overrun: None,
            is_behind: false,
        }
    }
}

impl<'b> Ticks<'b> {
    /// Says how long a frame may take. It is never broken off: past it, pages that wait are put off to the next frame.
    pub fn budget(self, budget: Duration) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Says how safe a frame is when it ends.
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// Gives frames labels: this one first, then one more for each that is committed.
    pub fn labels_from(self, first: impl Into<Label>) -> Self {
        Self { label: Some(first.into().get()), ..self }
    }

    /// Says who makes the frames' commits.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Brings this mirror up to each frame, too. The bus's own [device](Bus::device) is always.
    pub fn mirror(mut self, mirror: &'b Mirror) -> Self {
        self.mirrors.push(mirror);
        self
    }

    /// Puts the bus's [figures](Bus::stats) behind each frame into its report.
    pub fn stats(self, told: bool) -> Self {
        Self { has_stats: told, ..self }
    }

    /// Calls back behind each frame that took longer than its budget.
    pub fn on_overrun(self, call: impl FnMut(&TickReport) + Send + 'b) -> Self {
        Self { overrun: Some(Box::new(call)), ..self }
    }

    /// Gives the next frame this label, and those behind it the ones that follow: for who plays ticks again.
    pub fn relabel(&mut self, next: impl Into<Label>) {
        self.label = Some(next.into().get());
    }
}

impl fmt::Debug for Ticks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticks")
            .field("budget", &self.budget)
            .field("durability", &self.durability)
            .field("label", &self.label)
            .field("tag", &self.tag)
            .field("mirror_count", &self.mirrors.len())
            .finish_non_exhaustive()
    }
}
