//! Line `memory`: a million pages within a gigabyte, and no long pauses, while snapshots come and go.
//!
//! In a process of its own, on a bus in a file as built by default: 1,000,000 random pages of 1 KiB, then 10 M
//! random deltas of 32 bytes in commits of 16, while four snapshots live 200 ms each, go, and are taken again.
//! Memory is the process's whole RSS, seen every ten milliseconds from before the first page to after the last
//! delta. A writer this fast replaces more than the pre-images may hold in a few milliseconds, so most
//! snapshots age: reclamation is at work all the time.
//!
//! A pause is the processor time of one commit, or of taking or dropping one snapshot; wall time and what other
//! machines took are told beside. Commits are looked at in windows, each with its own 99.9th percentile, and the
//! worst window is judged; of the snapshots the worst one is. A quick run has a tenth of the pages, and the same
//! bytes for everything beside the pages.
//!
//! Some pages are followed through all deltas and compared at the end, so is what a snapshot that is still young
//! shows when it goes, and what one that has aged shows, from the log.

mod fault;
mod holder;
mod pauses;

use std::{collections::HashMap, path::Path};

use anyhow::{Result, ensure};
use mmsb::Bus;
use mmsb_types::PageId;

use self::{fault::Fault, holder::Holder, pauses::Pauses};
use crate::{
    BarKind::{Goal, Must},
    Context, Line,
    Op::AtMost,
    Outcome, Random, Unit,
    child::{self, Child},
    clock::steal_time,
    pages::{CHANGED_PAGE_BYTES, Change},
    rss::{Watch, drift, sample},
    world::{commit, fill},
};

inventory::submit! {
    Line {
        name: "memory",
        number: Some(7),
        question: "do a million pages fit in a gigabyte, whatever goes on?",
        faults: &["dropped-delta", "leaked-bytes", "slow-commit"],
        run: |context| child::measure(context, "memory"),
    }
}

inventory::submit! {
    Child { name: "memory", run }
}

/// Pages and deltas.
const SIZES: [(usize, usize); 3] = [(PAGES, 10_000_000), (PAGES / 10, 1_000_000), (PAGES / 1000, 16_000)];
const PAGES: usize = 1_000_000;
/// What a gigabyte leaves beside the bytes of a million pages.
const BESIDE_BYTES: usize = (1 << 30) - PAGES * CHANGED_PAGE_BYTES;
const BATCH: usize = 16;
/// How much memory may grow: of the least that a process takes, what threads and buffers take is a large part.
const FLAT: [f64; 3] = [1.01, 1.01, 1.25];
/// Snapshots that are taken, at least.
const SNAPSHOTS_MIN: usize = 16;
/// This part of the deltas comes before memory has to be flat: the pre-images' memory is touched there.
const WARM_UP: usize = 20;
/// Of so many pages, one is followed.
const FOLLOWED_EVERY: [u64; 3] = [4099, 4099, 37];

/// The pages that are followed: what they must hold.
type Followed = HashMap<PageId, Vec<u8>>;

fn run(context: &mut Context) -> Result<Outcome> {
    let (pages, updates) = context.size().pick(SIZES);
    let (folder, fault) = (context.scratch()?, Fault::of(context));
    let steal = steal_time()?;
    let filling = Watch::start();
    let (bus, mut random, mut followed) = filled(context, &folder.path().join("bus"), pages)?;
    let mut samples = filling.stop()?;
    let (warming, holder, mut pauses) =
        (Watch::start(), Holder::start(&bus, pages), Pauses::new(updates / BATCH));
    let mut writer =
        Writer { bus: &bus, random: &mut random, followed: &mut followed, pauses: &mut pauses, pages, fault };
    writer.update(updates / WARM_UP, || true)?;
    samples.extend(warming.stop()?);
    let watch = Watch::start();
    writer.update(updates - updates / WARM_UP, || holder.taken() >= SNAPSHOTS_MIN)?;
    let (memory, held) = (bus.memory(), holder.stop()?);
    let flat = watch.stop()?;
    samples.extend(&flat);
    held.verify_aged()?;
    for (page, expected) in &followed {
        ensure!(bus.with_page(*page, |bytes| bytes == expected)?, "{page} lost or gained a change");
    }
    let stolen = (steal_time()? - steal).as_millis();
    let most = *samples.iter().max().unwrap_or(&0) as f64;
    let mut outcome = Outcome::default();
    let name = format!("RSS, {pages} pages");
    outcome.figure(name, Unit::Bytes, sample(&samples, 1.0)?);
    outcome.always(Must, AtMost, (pages * CHANGED_PAGE_BYTES + BESIDE_BYTES) as f64);
    let beside = |bytes: &u64| bytes.saturating_sub((pages * CHANGED_PAGE_BYTES) as u64);
    let overheads: Vec<u64> = flat.iter().map(beside).collect();
    outcome.figure("overhead a page, whole process", Unit::Bytes, sample(&overheads, pages as f64)?);
    if !context.quick() {
        outcome.bar(Goal, AtMost, 32.0);
    }
    outcome.figure("RSS, last third / first", Unit::Share, drift(&flat)?);
    outcome.bar(Must, AtMost, context.size().pick(FLAT));
    outcome.figure("commit, p99.9", Unit::Microseconds, pauses.sample()?);
    outcome.always(Must, AtMost, 3000.0).always(Goal, AtMost, 100.0);
    outcome.figure("snapshot taken, dropped", Unit::Microseconds, held.sample()?);
    outcome.always(Must, AtMost, 3000.0).always(Goal, AtMost, 100.0);
    let overhead = most / pages as f64 - CHANGED_PAGE_BYTES as f64;
    let told = memory.overhead_bytes_per_page();
    outcome.note(format!("overhead a page: {overhead:.1} bytes of RSS; the bus tells {told:.1}"));
    outcome.note(pauses.note());
    outcome.note(format!("{held}; other machines took {stolen} ms of the processors"));
    Ok(outcome)
}

fn filled(context: &Context, path: &Path, pages: usize) -> Result<(Bus, Random, Followed)> {
    let (mut random, every) = (context.random(), context.size().pick(FOLLOWED_EVERY));
    let bus = Bus::create(path)?;
    let mut followed = Followed::new();
    fill(&bus, pages, &mut random, |page, image| {
        if page.get().is_multiple_of(every) {
            followed.insert(page, image.to_vec());
        }
    })?;
    Ok((bus, random, followed))
}

/// What makes the deltas and commits them.
struct Writer<'w> {
    bus: &'w Bus,
    random: &'w mut Random,
    followed: &'w mut Followed,
    pauses: &'w mut Pauses,
    pages: usize,
    fault: Option<Fault>,
}

impl Writer<'_> {
    /// Commits this many deltas, and more until it may end. They are made on the way: a list of them would be
    /// memory, too.
    fn update(&mut self, updates: usize, may_end: impl Fn() -> bool) -> Result<()> {
        let mut done = 0;
        while done < updates || !may_end() {
            let changes: [Change; BATCH] = std::array::from_fn(|_| Change::random(self.random, self.pages));
            let made = &changes[Fault::before(self.fault)..];
            self.pauses.of(|| {
                Fault::within(self.fault, done);
                commit(self.bus, made).map(drop)
            })?;
            for Change { page, offset, bytes } in &changes {
                if let Some(image) = self.followed.get_mut(page) {
                    image[*offset as usize..][..bytes.len()].copy_from_slice(bytes);
                }
            }
            done += BATCH;
        }
        Ok(())
    }
}
