//! Line 4, `purity`: is every function that computes a page pure, and is one told that is not?
//!
//! A bus of derived pages, in layers, whose inputs are random. The validator runs every registered function twice on
//! poisoned output, by one worker, two, three and eight, each time in another order: all must make the same bytes, and
//! those of the page. The same commits, with waves by one worker, two and eight, must end in the same state.
//!
//! Then one function after the other is replaced by one that is impure in its own way, and the validator must name that
//! page, its rule, and nothing else.

mod impure;

use anyhow::{Result, ensure};
use mmsb::{Bus, PageId, Place, StateHash, Violation, state_hash, validate::purity};

use self::impure::KINDS;
use crate::{Context, Line, Outcome, Random, Sample, Unit, clock::Stopwatch, field::mix};

inventory::submit! {
    Line {
        name: "purity",
        number: Some(4),
        question: "are functions pure, and is one told that is not?",
        faults: &["impure", "unarmed"],
        run,
    }
}

const PAGES: [usize; 3] = [10_000, 1000, 60];
const PAGE_BYTES: usize = 64;
const SOURCES: usize = 32;
/// Times that each page is computed by one validation: twice by each of four numbers of workers.
const RUNS: u64 = 8;
const COMMITS: usize = 50;

fn run(context: &mut Context) -> Result<Outcome> {
    let pages = context.size().pick(PAGES);
    let mut outcome = Outcome::default();
    context.say("purity: other numbers of workers");
    let hashes = [1, 2, 8].map(|workers| Sheet::new(context, pages, workers)?.busy(context.random()));
    let hashes = hashes.into_iter().collect::<Result<Vec<StateHash>>>()?;
    ensure!(hashes.iter().all(|hash| *hash == hashes[0]), "workers make other states: {hashes:?}");
    context.say("purity: all functions");
    let sheet = Sheet::new(context, pages, 1)?;
    sheet.busy(context.random())?;
    ensure!(sheet.bus.orphans().is_empty(), "functions are missing");
    if context.has_fault("impure") {
        (KINDS[0].replace)(&sheet.bus, sheet.derived[pages / 2], sheet.sources[0], true)?;
    }
    let runs = RUNS * sheet.derived.len() as u64;
    let mut nanos = Vec::new();
    for _ in 0..context.repeats() {
        let watch = Stopwatch::start();
        let found = purity(&sheet.bus);
        nanos.push(watch.elapsed().as_secs_f64() * 1e9 / runs as f64);
        ensure!(found.is_empty(), "{} of {pages} are not pure: {}", found.len(), found[0]);
    }
    outcome.figure("a function's run", Unit::Nanoseconds, Sample::of(nanos)?);
    outcome.note(format!("{} of {} functions are pure: 100 %", sheet.derived.len(), sheet.derived.len()));
    sheet.catches(!context.has_fault("unarmed"), &mut outcome)?;
    Ok(outcome)
}

/// Derived pages on random ones.
struct Sheet {
    bus: Bus,
    sources: Vec<PageId>,
    derived: Vec<PageId>,
}

impl Sheet {
    fn new(context: &Context, pages: usize, workers: usize) -> Result<Self> {
        let builder = Bus::builder().propagation_workers(workers).without_patience();
        let (bus, mut random) = (builder.volatile()?, context.random());
        let create = |_| bus.create_page(None, PAGE_BYTES);
        let sources = (0..SOURCES).map(create).collect::<Result<Vec<_>, _>>()?;
        let (mut all, mut derived) = (sources.clone(), Vec::new());
        for _ in 0..pages {
            let page = bus.create_page(None, PAGE_BYTES)?;
            let inputs = [(); 2].map(|()| all[random.below(all.len())]);
            bus.derive(page).from(inputs).named("mix", 1).with(mix)?;
            all.push(page);
            derived.push(page);
        }
        Ok(Self { bus, sources, derived })
    }

    /// Commits some changes, and returns the hash of the state that they lead to.
    fn busy(&self, mut random: Random) -> Result<StateHash> {
        for _ in 0..COMMITS {
            let source = self.sources[random.below(SOURCES)];
            self.bus.write(source, 0, random.bytes(PAGE_BYTES))?;
        }
        Ok(state_hash(&self.bus)?)
    }

    /// Makes one function after the other impure.
    fn catches(&self, is_armed: bool, outcome: &mut Outcome) -> Result<()> {
        for (kind, &page) in KINDS.iter().zip(self.derived.iter().rev().step_by(7)) {
            let (bus, source) = (&self.bus, self.sources[0]);
            (kind.replace)(bus, page, source, is_armed)?;
            let found = purity(bus);
            let is_told = |one: &Violation| one.rule == kind.rule && one.place == Place::Page(page);
            ensure!(
                matches!(&found[..], [one] if is_told(one)),
                "{} in {page}: the validator tells {found:?}",
                kind.what
            );
            bus.derive(page).from([source]).named("mix", 2).with(mix)?;
        }
        let all: Vec<_> = KINDS.iter().map(|kind| kind.what).collect();
        outcome.note(format!("caught and named: {}", all.join("; ")));
        Ok(())
    }
}
