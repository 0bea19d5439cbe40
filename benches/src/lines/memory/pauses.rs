//! How long commits take: exact percentiles, window by window, in little memory.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{Sample, clock::thread_time};

const WINDOWS: usize = 16;

/// Times of a window's commits, and the percentiles of the windows before.
#[derive(Debug)]
pub struct Pauses {
    window: Vec<[u32; 2]>,
    window_len: usize,
    /// 99.9th percentile and largest of each window, of processor time and of wall time; in nanoseconds.
    seen: Vec<[[u32; 2]; 2]>,
}

impl Pauses {
    /// Makes room for `count` commits in sixteen windows; more make more windows.
    pub fn new(count: usize) -> Self {
        let window_len = (count / WINDOWS).max(1);
        Self { window: Vec::with_capacity(window_len), window_len, seen: Vec::with_capacity(2 * WINDOWS) }
    }

    /// Runs a commit and notes what it took.
    pub fn of(&mut self, commit: impl FnOnce() -> Result<()>) -> Result<()> {
        let (wall, busy) = (Instant::now(), thread_time());
        commit()?;
        self.note_one(thread_time() - busy, wall.elapsed());
        Ok(())
    }

    /// Returns the 99.9th percentiles of the windows' processor times, in microseconds.
    pub fn sample(&self) -> Result<Sample> {
        Sample::of(self.seen.iter().map(|[busy, _]| f64::from(busy[0]) / 1e3).collect())
    }

    /// Tells the extremes.
    pub fn note(&self) -> String {
        let most = |kind: usize, rank: usize| {
            let nanos = self.seen.iter().map(|window| window[kind][rank]).max();
            f64::from(nanos.unwrap_or(0)) / 1e3
        };
        let (busy, wall_tail, wall) = (most(0, 1), most(1, 0), most(1, 1));
        format!("a commit: {busy:.0} us at most; by the wall p99.9 {wall_tail:.0} us, {wall:.0} us at most")
    }

    fn note_one(&mut self, busy: Duration, wall: Duration) {
        let nanos = |time: Duration| u32::try_from(time.as_nanos()).unwrap_or(u32::MAX);
        self.window.push([nanos(busy), nanos(wall)]);
        if self.window.len() == self.window_len {
            let ranks = [0, 1].map(|kind| self.ranks(kind));
            self.seen.push(ranks);
            self.window.clear();
        }
    }

    fn ranks(&mut self, kind: usize) -> [u32; 2] {
        self.window.sort_unstable_by_key(|times| times[kind]);
        let tail = (self.window.len() * 999).div_ceil(1000) - 1;
        [self.window[tail][kind], self.window[self.window.len() - 1][kind]]
    }
}
