//! Repeating work and keeping its median and extremes.
//!
//! Invariant: a sample holds at least [`REPEATS_MIN`] repeats, or [`LONG_REPEATS_MIN`] of something long, each
//! finite and above zero.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::clock::Stopwatch;

/// Fewest repeats behind a figure.
pub const REPEATS_MIN: usize = 7;
/// Fewest repeats of something that takes many seconds each.
pub const LONG_REPEATS_MIN: usize = 3;

/// The repeats of one measurement, in the unit of its figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many.
    pub repeats: usize,
}

impl Sample {
    /// Makes the sample of these repeats.
    ///
    /// # Errors
    /// If there are fewer than [`REPEATS_MIN`], or one is not a number above zero: nothing was measured.
    pub fn of(values: Vec<f64>) -> Result<Self> {
        Self::of_at_least(REPEATS_MIN, values)
    }

    /// Makes the sample of repeats that take many seconds each: [`LONG_REPEATS_MIN`] are enough, and the report
    /// has to say so.
    ///
    /// # Errors
    /// As [`Sample::of`].
    pub fn of_long(values: Vec<f64>) -> Result<Self> {
        Self::of_at_least(LONG_REPEATS_MIN, values)
    }

    fn of_at_least(least: usize, mut values: Vec<f64>) -> Result<Self> {
        let repeats = values.len();
        ensure!(repeats >= least, "{repeats} repeats, fewer than {least}");
        let odd = values.iter().find(|value| !value.is_finite() || **value <= 0.0);
        ensure!(odd.is_none(), "a repeat measured {}", odd.unwrap_or(&0.0));
        values.sort_unstable_by(f64::total_cmp);
        let median = (values[(repeats - 1) / 2] + values[repeats / 2]) / 2.0;
        Ok(Self { median, min: values[0], max: values[repeats - 1], repeats })
    }

    /// Repeats `work` after one unmeasured round; each repeat's value comes from the time it took, by a
    /// [`Stopwatch`].
    ///
    /// # Errors
    /// The first error of `work`, or what [`Sample::of`] refuses.
    pub fn timed(
        repeats: usize,
        value: impl Fn(Duration) -> f64,
        mut work: impl FnMut() -> Result<()>,
    ) -> Result<Self> {
        work()?;
        let mut values = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let watch = Stopwatch::start();
            work()?;
            values.push(value(watch.elapsed()));
        }
        Self::of(values)
    }

    /// Repeats `work`, which goes through `bytes` bytes each time; in GB/s.
    ///
    /// # Errors
    /// As [`Sample::timed`].
    pub fn gigabytes(repeats: usize, bytes: u64, work: impl FnMut() -> Result<()>) -> Result<Self> {
        Self::timed(repeats, |took| bytes as f64 / took.as_secs_f64() / 1e9, work)
    }

    /// Repeats `work`, which handles `items` items each time; in nanoseconds an item.
    ///
    /// # Errors
    /// As [`Sample::timed`].
    pub fn nanoseconds(repeats: usize, items: u64, work: impl FnMut() -> Result<()>) -> Result<Self> {
        Self::timed(repeats, |took| took.as_secs_f64() * 1e9 / items as f64, work)
    }
}
