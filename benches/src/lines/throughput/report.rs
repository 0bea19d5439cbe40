//! The figures of line 5, and what they must reach.

use anyhow::Result;

use super::{COUNT, Repeat};
use crate::{
    BarKind::{Goal, Must},
    Op::{AtLeast, AtMost},
    Outcome, Sample, Unit,
    pin::processors,
};

/// Of what a processor more could add, this share must come.
const HELP_MIN: f64 = 0.1;

/// Adds the figures.
pub fn figures(outcome: &mut Outcome, repeats: &[Repeat], deltas: usize) -> Result<()> {
    let sample = |value: &dyn Fn(&Repeat) -> f64| Sample::of(repeats.iter().map(value).collect());
    let rate = |count: usize| {
        sample(&|repeat: &Repeat| deltas as f64 / repeat.threads[count - 1].as_secs_f64() / 1e6)
    };
    let name = |count: usize| format!("{count} {}", if count == 1 { "thread" } else { "threads" });
    outcome.figure(format!("{}, n = {COUNT}", name(1)), Unit::MillionsPerSecond, rate(1)?);
    outcome.bar(Must, AtLeast, 1.0);
    let limit = |repeat: &Repeat| repeat.limit + repeat.flusher;
    let to_limit = sample(&|repeat: &Repeat| repeat.threads[0].as_secs_f64() / limit(repeat).as_secs_f64())?;
    outcome.figure(format!("{}, to F", name(1)), Unit::Limits, to_limit).bar(Goal, AtMost, 2.2);
    let all = processors()?.len();
    let measured = repeats.iter().map(|repeat| repeat.threads.len()).min().unwrap_or_default();
    for count in 2..=measured {
        outcome.figure(format!("{}, n = {COUNT}", name(count)), Unit::MillionsPerSecond, rate(count)?);
        if count == all {
            outcome.bar(Must, AtLeast, 10.0);
        }
        let helps = sample(&|repeat: &Repeat| {
            repeat.threads[count - 2].as_secs_f64() / repeat.threads[count - 1].as_secs_f64()
        })?;
        outcome.figure(format!("{} / {}", name(count), count - 1), Unit::Times, helps);
        outcome.bar(Must, AtLeast, 1.0 + HELP_MIN / (count - 1) as f64);
        if count == 2 {
            outcome.bar(Goal, AtLeast, 1.85);
        }
    }
    if all == 1 {
        outcome.note("one processor: nothing can run at once, so one thread is all that is measured");
    }
    notes(outcome, repeats, deltas);
    Ok(())
}

fn notes(outcome: &mut Outcome, repeats: &[Repeat], deltas: usize) {
    let median = |value: &dyn Fn(&Repeat) -> f64| {
        let mut values: Vec<f64> = repeats.iter().map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2] * 1e9 / deltas as f64
    };
    let limit = median(&|repeat| repeat.limit.as_secs_f64());
    let flusher = median(&|repeat| repeat.flusher.as_secs_f64());
    let file = median(&|repeat| repeat.new_file.as_secs_f64());
    outcome.note(format!("F {limit:.1} ns, the log's thread {flusher:.1} ns of processor time a delta"));
    outcome.note(format!("as many bytes written to a new file: {file:.1} ns of processor time a delta"));
    let discarded: u32 = repeats.iter().map(|repeat| repeat.discarded).sum();
    outcome.note(format!("{discarded} runs were not at once and were thrown away"));
}
