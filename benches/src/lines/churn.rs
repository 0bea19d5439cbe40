//! Line `churn`: pages of all sizes come and go, and memory stays what the living ones need.
//!
//! In a process of its own, on a volatile bus as built by default. Pages of 64 B to 64 KiB, log-uniform, are
//! created with random bytes until 288 MiB live; from then on every operation deletes a random page while more
//! live, and creates one while less. Sixteen operations are a transaction. Memory is the process's whole RSS,
//! seen every ten milliseconds, against the fewest living bytes there were meanwhile; it must be flat once every
//! page was replaced a few times. Every eighth page that
//! goes is compared with what it was created with, and so is everything that lives at the end.

use anyhow::{Result, ensure};
use mmsb::{Bus, Transaction};
use mmsb_types::PageId;

use crate::{
    BarKind::Must,
    Context, Line,
    Op::AtMost,
    Outcome, Random, Unit,
    child::{self, Child},
    rss::{Watch, drift, sample},
};

inventory::submit! {
    Line {
        name: "churn",
        number: None,
        question: "does memory stay flat while pages of all sizes come and go?",
        faults: &[],
        run: |context| child::measure(context, "churn"),
    }
}

inventory::submit! {
    Child { name: "churn", run }
}

const LIVE_BYTES: u64 = 288 << 20;
const LIVE_BYTES_MIN: u64 = 256 << 20;
const PAGE_BYTES: (usize, usize) = (64, 64 << 10);
const BATCH: usize = 16;
/// Operations before memory has to be flat: enough to replace every page a few times.
const WARM_UP: usize = 250_000;
const OPERATIONS: usize = 10_000_000;
const OPERATIONS_QUICK: usize = 200_000;
/// Random bytes that pages are cut from.
const POOL_BYTES: usize = 256 << 10;
const COMPARED_EVERY: usize = 8;

/// One living page: which stretch of the pool it holds.
struct Live {
    page: PageId,
    start: u32,
    bytes: u32,
}

/// The pages that live, and what they hold.
struct Churn {
    bus: Bus,
    random: Random,
    pool: Vec<u8>,
    live: Vec<Live>,
    live_bytes: u64,
    live_bytes_min: u64,
    deleted: usize,
}

fn run(context: &mut Context) -> Result<Outcome> {
    let operations = context.among([OPERATIONS, OPERATIONS_QUICK, OPERATIONS_QUICK]);
    let mut churn = Churn::new(Bus::builder().volatile()?, context.random());
    churn.fill()?;
    let mut samples = churn.watched(WARM_UP)?;
    let flat = churn.watched(operations)?;
    samples.extend(&flat);
    churn.verify()?;
    let mut outcome = churn.outcome(&samples)?;
    outcome.figure("RSS, last third / first", Unit::Share, drift(&flat)?).bar(Must, AtMost, 1.01);
    let (count, deleted, least) = (churn.live.len(), churn.deleted, churn.live_bytes_min);
    outcome
        .note(format!("{operations} operations; {count} pages live, {least} bytes; {deleted} were deleted"));
    Ok(outcome)
}

impl Churn {
    /// Holds what memory was against the least that lived.
    fn outcome(&self, samples: &[u64]) -> Result<Outcome> {
        let least = self.live_bytes_min;
        ensure!(least >= LIVE_BYTES_MIN, "only {least} bytes lived at one time");
        let mut outcome = Outcome::default();
        outcome.figure("RSS / live bytes", Unit::Share, sample(samples, least as f64)?);
        outcome.always(Must, AtMost, 1.25);
        Ok(outcome)
    }

    /// Makes this many operations; returns what memory was meanwhile.
    fn watched(&mut self, operations: usize) -> Result<Vec<u64>> {
        let watch = Watch::start();
        (0..operations / BATCH).try_for_each(|_| self.batch())?;
        watch.stop()
    }

    fn new(bus: Bus, mut random: Random) -> Self {
        let pool = random.bytes(POOL_BYTES);
        let live = Vec::new();
        Self { bus, random, pool, live, live_bytes: 0, live_bytes_min: 0, deleted: 0 }
    }

    fn fill(&mut self) -> Result<()> {
        while self.live_bytes < LIVE_BYTES {
            self.batch()?;
        }
        self.live_bytes_min = self.live_bytes;
        Ok(())
    }

    /// Commits sixteen operations.
    fn batch(&mut self) -> Result<()> {
        let bus = self.bus.clone();
        let mut tx = bus.begin();
        // Pages created here can be deleted from the next transaction on.
        let mut born = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            self.step(&mut tx, &mut born)?;
        }
        tx.commit()?;
        self.live.append(&mut born);
        Ok(())
    }

    fn step(&mut self, tx: &mut Transaction<'_>, born: &mut Vec<Live>) -> Result<()> {
        if self.live_bytes < LIVE_BYTES {
            born.push(self.create(tx)?);
        } else {
            self.delete(tx)?;
        }
        self.live_bytes_min = self.live_bytes_min.min(self.live_bytes);
        Ok(())
    }

    fn create(&mut self, tx: &mut Transaction<'_>) -> Result<Live> {
        let bytes = log_uniform(&mut self.random);
        let start = self.random.below(POOL_BYTES - bytes + 1);
        let page = tx.create_page(None, bytes)?;
        tx.write(page, 0, &self.pool[start..start + bytes])?;
        self.live_bytes += bytes as u64;
        Ok(Live { page, start: start as u32, bytes: bytes as u32 })
    }

    fn delete(&mut self, tx: &mut Transaction<'_>) -> Result<()> {
        let index = self.random.below(self.live.len());
        let gone = self.live.swap_remove(index);
        if self.deleted.is_multiple_of(COMPARED_EVERY) {
            self.compare(&gone)?;
        }
        tx.delete_page(gone.page)?;
        self.live_bytes -= u64::from(gone.bytes);
        self.deleted += 1;
        Ok(())
    }

    fn compare(&self, live: &Live) -> Result<()> {
        let expected = &self.pool[live.start as usize..][..live.bytes as usize];
        let same = self.bus.with_page(live.page, |bytes| bytes == expected)?;
        ensure!(same, "{} is not what it was created with", live.page);
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        let found = self.bus.stats().pages.count;
        ensure!(found == self.live.len() as u64, "{found} pages live, not {}", self.live.len());
        self.live.iter().try_for_each(|live| self.compare(live))
    }
}

/// Returns a length whose logarithm is uniform.
fn log_uniform(random: &mut Random) -> usize {
    let (least, most) = (PAGE_BYTES.0 as f64, PAGE_BYTES.1 as f64);
    let unit = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    ((least * (most / least).powf(unit)) as usize).clamp(PAGE_BYTES.0, PAGE_BYTES.1)
}
