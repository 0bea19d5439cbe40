//! Rows of the coalescer: deltas a second on one core, and what it sends for a byte that changed.

use std::{collections::BTreeMap, hint::black_box};

use anyhow::{Result, ensure};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{
    Coalescer, CpuOps, Engine, Formula, GpuError, Host, PageHandle, PageOps, Pages, Place, Program, Ticket,
    Tile,
};
use mmsb_types::PageId;

use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::{AtLeast, AtMost},
    Outcome, Random, Sample, Unit,
};

const PAGE_BYTES: usize = 4096;
/// Pages mirrored, 64 MiB.
const PAGES: usize = 16_384;
/// Pages that hot deltas are of.
const HOT_PAGES: usize = 64;
const DELTAS: usize = 100_000;
/// Deltas of the small plan.
const FEW: usize = 1000;
/// Runs that are sent, in bytes, and what the plan may send for each of their bytes.
const RUNS: [usize; 3] = [64, 256, 1000];
const SENT_MAX: f64 = 1.5;

/// How deltas come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Uniform,
    Sorted,
    Hot,
}

/// Deltas of one length, and mirrors of all pages.
pub(super) struct Deltas {
    pub batch: DeltaBatch,
    pub mirrors: Vec<PageHandle>,
}

/// Adds the rows.
pub(super) fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let cases = [("uniform", Order::Uniform), ("sorted", Order::Sorted), ("hot", Order::Hot)];
    for (name, order) in cases {
        context.say(format!("gpu: coalescer, {name}"));
        let sample = speed(context, order, DELTAS)?;
        outcome
            .figure(format!("coalescer, 8 B, {name}"), Unit::MillionsPerSecond, sample)
            .bar(Goal, AtLeast, 50.0);
    }
    let sample = speed(context, Order::Uniform, FEW)?;
    outcome.figure("coalescer, 8 B, 1000 a plan", Unit::MillionsPerSecond, sample);
    let sent = sent(context, 8)?;
    outcome.figure("sent for a delta of 8 B", Unit::Bytes, sent(8.0)?).bar(Must, AtMost, 24.0);
    for bytes in RUNS {
        let sent = self::sent(context, bytes)?;
        outcome.figure(format!("sent for a byte, runs of {bytes} B"), Unit::Share, sent(1.0)?);
        outcome.bar(Goal, AtMost, SENT_MAX);
    }
    Ok(())
}

fn speed(context: &Context, order: Order, deltas: usize) -> Result<Sample> {
    let mut ops = CpuOps::new(128 << 20, 128 << 20);
    let deltas = Deltas::new(&mut ops, context.random(), order, PAGES, (deltas, 8))?;
    let mut coalescer = Coalescer::default();
    let rounds = 4 * DELTAS / deltas.batch.compact_count();
    let count = (rounds * deltas.batch.compact_count()) as f64;
    let value = |took: std::time::Duration| count / took.as_secs_f64() / 1e6;
    Sample::timed(context.repeats(), value, || {
        for _ in 0..rounds {
            black_box(coalescer.plan(ops.slabs(), &[deltas.batch.view()], |page| deltas.mirror(page))?);
        }
        Ok(())
    })
}

/// Applies deltas of so many bytes and returns what was sent for each byte of them, times a factor.
fn sent(context: &Context, bytes: usize) -> Result<impl Fn(f64) -> Result<Sample>> {
    let mut random = context.random();
    let mut shares = Vec::new();
    for _ in 0..context.repeats() {
        let mut ops = Pages::with_engine(Meter::default(), 128 << 20, 128 << 20);
        let deltas =
            Deltas::new(&mut ops, Random::new(random.next_u64()), Order::Uniform, PAGES, (FEW, bytes))?;
        let mut coalescer = Coalescer::default();
        let plan = coalescer.plan(ops.slabs(), &[deltas.batch.view()], |page| deltas.mirror(page))?;
        ops.apply(plan)?;
        deltas.verify(None, &mut ops)?;
        shares.push(ops.engine().sent_bytes as f64 / deltas.batch.view().payload_bytes() as f64);
    }
    Ok(move |factor: f64| Sample::of(shares.iter().map(|share| share * factor).collect()))
}

/// The host as an engine, with a look at what would go to a device.
#[derive(Default)]
struct Meter {
    host: Host,
    sent_bytes: usize,
}

impl Engine for Meter {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.host.add_slab(words)
    }

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        self.sent_bytes += program.words.len() * 4 + program.tiles.len() * size_of::<Tile>();
        self.host.submit(program)
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        self.host.fetch(places)
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        self.host.land(ticket)
    }

    fn compile(&mut self, source: &str) -> Result<Formula, GpuError> {
        self.host.compile(source)
    }

    fn submitted(&self) -> u64 {
        self.host.submitted()
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.host.completed()
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        self.host.wait()
    }
}

impl Deltas {
    /// Mirrors so many pages, and makes so many deltas of so many bytes each.
    pub fn new(
        ops: &mut dyn PageOps,
        random: Random,
        order: Order,
        pages: usize,
        (count, bytes): (usize, usize),
    ) -> Result<Self> {
        let mirrors = (0..pages).map(|_| ops.create(PAGE_BYTES as u32)).collect::<Result<_, _>>()?;
        Ok(Self { batch: Self::batch(random, order, pages, (count, bytes)), mirrors })
    }

    /// Makes so many other deltas of 8 bytes of the same mirrors.
    #[cfg(feature = "gpu")]
    pub fn others(&self, random: Random, count: usize) -> Self {
        let mirrors = self.mirrors.clone();
        Self { batch: Self::batch(random, Order::Uniform, mirrors.len(), (count, 8)), mirrors }
    }

    fn batch(mut random: Random, order: Order, pages: usize, (count, bytes): (usize, usize)) -> DeltaBatch {
        let pages = if order == Order::Hot { HOT_PAGES } else { pages };
        let offsets = PAGE_BYTES - bytes + 1;
        let mut places: Vec<usize> = (0..count).map(|_| random.below(pages * offsets)).collect();
        if order == Order::Sorted {
            places.sort_unstable();
        }
        let mut batch = DeltaBatch::default();
        for place in places {
            let (page, offset) = (place / offsets, (place % offsets) as u32);
            let bytes = random.bytes(bytes);
            batch.push(PageId::new(page as u64 + 1), Patch::Bytes { offset, bytes: &bytes });
        }
        batch
    }

    pub fn mirror(&self, page: PageId) -> Option<PageHandle> {
        self.mirrors.get(page.get() as usize - 1).copied()
    }

    /// Holds every page that was touched against what the deltas, and others behind them, make of zeros.
    pub fn verify(&self, others: Option<&Self>, ops: &mut dyn PageOps) -> Result<()> {
        let mut pages = BTreeMap::new();
        let batches = [Some(self), others].into_iter().flatten().map(|deltas| deltas.batch.view());
        for (page, patch) in batches.flat_map(|batch| batch.iter()) {
            patch.apply(pages.entry(page).or_insert_with(|| vec![0; PAGE_BYTES]))?;
        }
        let handles: Vec<_> = pages.keys().filter_map(|page| self.mirror(*page)).collect();
        let held = ops.read_many(&handles)?;
        ensure!(held.iter().eq(pages.values()), "mirrors do not hold what was written");
        Ok(())
    }
}
