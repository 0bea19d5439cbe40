//! `mmsb stats --watch`: the bus as it grows, while another program writes it.
//!
//! On a terminal the figures stay in their place; elsewhere each look is a line.

use std::{
    io::{IsTerminal as _, stdout},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mmsb::{Bus, stats::Stats};
use serde::Serialize;

use crate::{
    cmd::{Outcome, watched::Watched},
    render::{Out, count, facts},
};

/// What one look shows.
#[derive(Serialize)]
struct Look {
    epoch: u64,
    /// Since the look before.
    commits_per_second: f64,
    page_count: u64,
    page_bytes: u64,
    log_bytes: u64,
    log_bytes_per_second: f64,
    segment_count: u64,
    checkpoint_count: u64,
    checkpoint: u64,
}

/// Looks every so often, so many times, or until nobody wants to know.
pub fn run(path: &Path, json: bool, every: Duration, looks: u64, out: &mut Out) -> anyhow::Result<Outcome> {
    let mut watched = Watched::open(path)?;
    let (mut before, is_screen) = (None, stdout().is_terminal() && !json);
    for number in 0..looks {
        if number > 0 {
            thread::sleep(every);
        }
        let now = (Instant::now(), watched.look().map(Bus::stats)?);
        let look = Look::of(&now, before.as_ref());
        match (json, is_screen) {
            (true, _) => out.json(&look)?,
            (_, true) => out.line(look.screen(number > 0))?,
            _ => out.line(look.line())?,
        }
        out.flush()?;
        before = Some(now);
    }
    Ok(Outcome::Same)
}

impl Look {
    fn of((at, stats): &(Instant, Stats), before: Option<&(Instant, Stats)>) -> Self {
        let rate = |of: fn(&Stats) -> u64| {
            let (then, earlier) = before?;
            Some(of(stats).saturating_sub(of(earlier)) as f64 / at.duration_since(*then).as_secs_f64())
        };
        Self {
            epoch: stats.epoch.get(),
            commits_per_second: rate(|stats| stats.epoch.get()).unwrap_or(0.0),
            page_count: stats.pages.count,
            page_bytes: stats.pages.bytes,
            log_bytes: stats.log.bytes,
            log_bytes_per_second: rate(|stats| stats.log.bytes).unwrap_or(0.0),
            segment_count: stats.log.segment_count,
            checkpoint_count: stats.checkpoints.count,
            checkpoint: stats.checkpoints.newest.get(),
        }
    }

    fn line(&self) -> String {
        let [page_count, page_bytes, log_bytes] =
            [self.page_count, self.page_bytes, self.log_bytes].map(count);
        let rates = [self.commits_per_second, self.log_bytes_per_second].map(|rate| count(rate as u64));
        let [commits, bytes] = rates;
        format!(
            "e{} ({commits}/s), {page_count} pages of {page_bytes} bytes, log {log_bytes} bytes ({bytes}/s) in {} \
             segments, {} checkpoints, newest e{}",
            self.epoch, self.segment_count, self.checkpoint_count, self.checkpoint
        )
    }

    /// Returns lines that stand where those of the look before stood.
    fn screen(&self, is_again: bool) -> String {
        let rate = |rate: f64, what: &str| format!("{} {what} a second", count(rate as u64));
        let text = facts([
            ("epoch", format!("e{}, {}", self.epoch, rate(self.commits_per_second, "commits"))),
            ("pages", format!("{}, {} bytes", count(self.page_count), count(self.page_bytes))),
            ("log", format!("{} bytes, {}", count(self.log_bytes), rate(self.log_bytes_per_second, "bytes"))),
            ("segments", count(self.segment_count)),
            ("checkpoints", format!("{}, newest e{}", count(self.checkpoint_count), self.checkpoint)),
        ]);
        let lines = text.lines().count();
        if is_again { format!("\x1b[{lines}F\x1b[J{text}") } else { text }
    }
}
