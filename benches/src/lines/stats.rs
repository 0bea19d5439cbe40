//! Line `stats`: what counting and timing cost a commit.
//!
//! Two buses that keep nothing ("volatile"), one of which counts and times as every bus does, the other not at all; the
//! same random deltas of 32 bytes for the same pages of 1 KiB go to both, a few commits here, the same there, in
//! turns of half a millisecond, and whoever was first is second the next time. A repeat is the median of its turns'
//! ratios, so that neither a busy machine nor a change of its speed is taken for a cost of counting.
//!
//! Before its figures count, the one must have counted exactly what was done, and the other nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb::{Bus, PageId};

use super::engine::Way;
use crate::{
    BarKind::{Goal, Must},
    Context, Line,
    Op::AtMost,
    Outcome, Random, Sample, Unit,
    clock::Stopwatch,
    pages::Change,
    pin::{pinned, processors},
    world::fill,
};

inventory::submit! {
    Line {
        name: "stats",
        number: None,
        question: "what do counting and timing cost a commit?",
        faults: &[UNCOUNTED, ASKED_EACH_TIME],
        run,
    }
}

/// Both buses count nothing.
const UNCOUNTED: &str = "uncounted";
/// The statistics are asked for after each commit.
const ASKED_EACH_TIME: &str = "asked-each-time";

const PAGES: usize = 10_000;
/// Deltas of a turn.
const TURN: usize = 4_096;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut twins = Twins::new(context)?;
    let processor = processors()?.first().copied().unwrap_or_default();
    let turns = context.size().pick([512, 64, 2]);
    for (way, name) in [(Way::Commits(16), "a commit of 16 deltas"), (Way::Alone, "a commit of one write")] {
        context.say(format!("stats: {name}"));
        let ratios = pinned(processor, || {
            twins.ratio(way, turns / 4 + 1)?;
            (0..context.repeats()).map(|_| twins.ratio(way, turns)).collect::<Result<Vec<f64>>>()
        })?;
        outcome.figure(format!("{name}, to one uncounted"), Unit::Limits, Sample::of(ratios)?);
        if matches!(way, Way::Commits(_)) {
            outcome.bar(Must, AtMost, 1.02).bar(Goal, AtMost, 1.01).bar(Must, AtMost, 2.0);
        }
    }
    Ok(outcome)
}

/// A bus that counts, one that does not, and what is done to both.
struct Twins {
    counted: Bus,
    uncounted: Bus,
    changes: Vec<Change>,
    random: Random,
    asks: bool,
}

impl Twins {
    fn new(context: &Context) -> Result<Self> {
        let builder = |counts: bool| if counts { Bus::builder() } else { Bus::builder().without_stats() };
        let counted = builder(!context.has_fault(UNCOUNTED)).volatile()?;
        let uncounted = builder(false).volatile()?;
        let mut random = context.random();
        for bus in [&counted, &uncounted] {
            fill(bus, PAGES, &mut random, |_, _| ())?;
            bus.reset_stats();
        }
        Ok(Self { counted, uncounted, changes: Vec::new(), random, asks: context.has_fault(ASKED_EACH_TIME) })
    }

    /// Takes turns; returns the median of what counting takes to not counting.
    fn ratio(&mut self, way: Way, turns: usize) -> Result<f64> {
        let before = self.counted.stats().deltas.count;
        let mut ratios = Vec::with_capacity(turns);
        for turn in 0..turns {
            self.changes = Change::many(&mut self.random, TURN, PAGES);
            set_apart(&mut self.changes);
            let order = [turn % 2 == 0, turn % 2 == 1];
            let mut took = [Duration::ZERO; 2];
            for counts in order {
                took[usize::from(counts)] = self.turn(way, counts)?;
            }
            ratios.push(took[1].as_secs_f64() / took[0].as_secs_f64());
        }
        let done = [self.counted.stats().deltas.count - before, self.uncounted.stats().deltas.count];
        ensure!(done == [(turns * TURN) as u64, 0], "{done:?} deltas were counted, not {}", turns * TURN);
        ratios.sort_unstable_by(f64::total_cmp);
        Ok(ratios[turns / 2])
    }

    fn turn(&self, way: Way, counts: bool) -> Result<Duration> {
        let bus = if counts { &self.counted } else { &self.uncounted };
        let watch = Stopwatch::start();
        match self.asks && counts {
            true => self.changes.chunks(16).try_for_each(|chunk| {
                let _asked = bus.stats();
                way.run(bus, chunk)
            })?,
            false => way.run(bus, &self.changes)?,
        }
        Ok(watch.elapsed())
    }
}

/// Gives each change of a commit a page of its own: those that meet are stored, and counted, as fewer.
fn set_apart(changes: &mut [Change]) {
    for commit in changes.chunks_mut(16) {
        for at in 1..commit.len() {
            while commit[..at].iter().any(|change| change.page == commit[at].page) {
                commit[at].page = PageId::new(commit[at].page.get() % PAGES as u64 + 1);
            }
        }
    }
}
