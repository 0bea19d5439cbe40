//! Times of ticks, window by window.

use std::time::Duration;

use anyhow::Result;
use mmsb::TickReport;

use crate::Sample;

/// The ticks of the window at hand, and what was found in those before.
pub struct Windows {
    ticks: usize,
    /// Without waiting for a processor, and by the wall.
    open: [Vec<Duration>; 2],
    /// The 99th percentile of each window, in milliseconds.
    tails: [Vec<f64>; 2],
    /// What the parts of all ticks took together, by name.
    parts: Vec<(&'static str, Duration)>,
    count: u32,
    /// The parts of the slowest tick of all but the first window, and what it took by the wall.
    slowest: (Duration, Vec<(&'static str, Duration)>),
}

impl Windows {
    pub fn new(ticks: usize) -> Self {
        let (open, tails) = (Default::default(), Default::default());
        Self { ticks, open, tails, parts: Vec::new(), count: 0, slowest: Default::default() }
    }

    /// Returns how many ticks a window has.
    pub const fn ticks(&self) -> usize {
        self.ticks
    }

    /// Notes a tick: what it took without waiting for a processor, and by the wall.
    pub fn note(&mut self, report: &TickReport, took: [Duration; 2]) {
        self.open.iter_mut().zip(took).for_each(|(open, took)| open.push(took));
        self.count += 1;
        if self.parts.is_empty() {
            self.parts = report.times.parts().map(|(name, _)| (name, Duration::ZERO)).collect();
        }
        self.parts.iter_mut().zip(report.times.parts()).for_each(|(sum, (_, time))| sum.1 += time);
        if self.count as usize > self.ticks && took[1] > self.slowest.0 {
            self.slowest = (took[1], report.times.parts().collect());
        }
    }

    /// Ends the window, and begins another.
    pub fn close(&mut self, is_kept: bool) {
        for (open, tails) in self.open.iter_mut().zip(&mut self.tails) {
            open.sort_unstable();
            let tail = open[(open.len() * 99).div_ceil(100) - 1];
            tails.extend(is_kept.then_some(tail.as_secs_f64() * 1e3));
            open.clear();
        }
    }

    /// Returns the windows' percentiles.
    pub fn sample(&self, clock: usize) -> Result<Sample> {
        Sample::of(self.tails[clock].clone())
    }

    /// Tells what the parts of a tick took in the mean, and those of the slowest.
    pub fn parts(&self) -> String {
        format!("in the mean {}; the slowest {}", list(&self.parts, self.count), list(&self.slowest.1, 1))
    }
}

fn list(parts: &[(&str, Duration)], count: u32) -> String {
    let part =
        |(name, sum): &(&str, Duration)| format!("{name} {:.2} ms", (*sum / count).as_secs_f64() * 1e3);
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}
