//! Rows of waves: each page of a shape is computed once, beside a bare loop over the same pages, and beside peers.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb_graph::{Graph, Schedule, Wave};
use mmsb_types::PageId;

use crate::{
    BarKind::Must,
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
    pin::{pinned, processors},
    waves::{Peer, Rival, SHAPES, Shape, Store, bare, peers, set_source},
};

/// Lengths of pages, with the bar for each: a wave's time to the bare loop's.
const PAYLOADS: [(usize, &str, f64); 2] = [(8, "8 B", 4.0), (1 << 10, "1 KiB", 1.4)];
/// Bytes that the waves of one repeat compute, for short pages and long ones alike, and pages at least.
const REPEAT_BYTES: usize = 64 << 20;
const REPEAT_PAGES_MAX: usize = 400_000;
/// A peer goes through this share of the waves.
const PEER_SHARE: usize = 8;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let processor = processors()?.first().copied().unwrap_or_default();
    for make in SHAPES {
        for (page_bytes, payload, bar) in PAYLOADS {
            let shape = make();
            let name = format!("{}, {payload}", shape.name);
            context.say(format!("waves: {name}"));
            let (quick, repeats) = (context.quick(), context.repeats());
            let times = pinned(processor, || Bench::new(shape, page_bytes, quick)?.repeat(repeats))?;
            report(outcome, &name, bar, &times)?;
        }
    }
    Ok(())
}

/// One shape in everybody's hands.
struct Bench {
    shape: Shape,
    /// Waves of one repeat.
    rounds: usize,
    tick: u64,
    bare: Vec<Box<[u8]>>,
    graph: Graph,
    store: Store,
    schedule: Schedule,
    wave: Wave,
    rivals: Vec<(&'static str, Box<dyn Rival>)>,
}

/// What a page took in one repeat, in nanoseconds.
struct Times {
    bare: f64,
    wave: f64,
    rivals: Vec<(&'static str, f64)>,
}

impl Bench {
    fn new(shape: Shape, page_bytes: usize, quick: bool) -> Result<Self> {
        let pages = (REPEAT_BYTES / page_bytes).min(REPEAT_PAGES_MAX) / if quick { 4 } else { 1 };
        let store = Store::new(&shape, page_bytes);
        let build = |peer: &'static Peer| (peer.name, (peer.build)(&shape, page_bytes));
        let mut bench = Self {
            rounds: (pages / shape.computed()).max(1),
            tick: 0,
            bare: store.pages.clone(),
            graph: shape.graph(),
            store,
            schedule: Schedule::new(),
            wave: Wave::default(),
            rivals: peers().into_iter().map(build).collect(),
            shape,
        };
        // The first wave brings code and memory in.
        bench.once()?;
        Ok(bench)
    }

    fn repeat(&mut self, repeats: usize) -> Result<Vec<Times>> {
        (0..repeats).map(|_| self.once()).collect()
    }

    fn once(&mut self) -> Result<Times> {
        let start = self.tick;
        let bare = self.per_page(self.rounds, Self::bare_once)?;
        self.tick = start;
        let wave = self.per_page(self.rounds, Self::wave_once)?;
        self.verify()?;
        let rivals = (0..self.rivals.len()).map(|place| self.rival(place, start)).collect::<Result<_>>()?;
        Ok(Times { bare, wave, rivals })
    }

    fn per_page(&mut self, rounds: usize, each: fn(&mut Self) -> Result<()>) -> Result<f64> {
        let watch = Stopwatch::start();
        for _ in 0..rounds {
            self.tick += 1;
            each(self)?;
        }
        Ok(nanos(watch.elapsed()) / (rounds * self.shape.computed()) as f64)
    }

    fn bare_once(&mut self) -> Result<()> {
        set_source(&mut self.bare[0], self.tick);
        bare(&self.shape, std::hint::black_box(&mut self.bare));
        Ok(())
    }

    fn wave_once(&mut self) -> Result<()> {
        self.store.set_source(self.tick);
        self.schedule.touch(PageId::FIRST);
        let result = self.schedule.run(&self.graph, &mut self.store, &mut self.wave);
        result.map_err(|page| anyhow::anyhow!("{page} panicked"))
    }

    fn verify(&self) -> Result<()> {
        ensure!(self.wave.count() == self.shape.computed(), "a wave computed {} pages", self.wave.count());
        ensure!(self.bare == self.store.pages, "a wave and the bare loop disagree");
        Ok(())
    }

    fn rival(&mut self, place: usize, start: u64) -> Result<(&'static str, f64)> {
        let rounds = (self.rounds / PEER_SHARE).max(1);
        let (name, rival) = &mut self.rivals[place];
        // Of the last tick's, which the leaves are compared for, all peers get the same.
        let first = self.tick + 1 - rounds as u64;
        ensure!(first > start, "a peer cannot make more waves than the rest");
        let watch = Stopwatch::start();
        (first..=self.tick).for_each(|tick| rival.wave(tick));
        let took = nanos(watch.elapsed()) / (rounds * self.shape.computed()) as f64;
        let leaves: Vec<u8> = self.shape.leaves().iter().flat_map(|&node| self.bare[node].to_vec()).collect();
        ensure!(rival.leaves() == leaves, "{name} and the bare loop disagree");
        Ok((*name, took))
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

fn report(outcome: &mut Outcome, name: &str, bar: f64, times: &[Times]) -> Result<()> {
    let sample = |value: &dyn Fn(&Times) -> f64| Sample::of(times.iter().map(value).collect());
    outcome.figure(format!("{name}, a page"), Unit::Nanoseconds, sample(&|times| times.wave)?);
    outcome.figure(
        format!("{name}, to a bare loop"),
        Unit::Limits,
        sample(&|times| times.wave / times.bare)?,
    );
    outcome.bar(Must, AtMost, bar);
    for (place, (peer, _)) in times[0].rivals.iter().enumerate() {
        let ratio = sample(&|times| times.rivals[place].1 / times.wave)?;
        outcome.figure(format!("{name}, {peer} to this"), Unit::Limits, ratio);
        outcome.bar(Must, crate::Op::AtLeast, 1.0);
    }
    Ok(())
}
