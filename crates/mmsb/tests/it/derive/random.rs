//! Random graphs and changes: what is computed step by step is what is computed from scratch, and what the log gives
//! back, for any number of workers.

use std::collections::{BTreeMap, BTreeSet};

use mmsb::{Builder, Bus, EdgeKind, Error, PageId, Propagation, ToView, WaveReport, diff};
use mmsb_testkit::Rng;

use super::sheet::Sheet;

const SEEDS: u64 = 24;
const STEPS: usize = 60;
const MODES: [Propagation; 2] = [Propagation::Immediate, Propagation::Deferred];

/// What a page is computed by: a number that says how.
type Formula = (u8, Vec<PageId>);

/// A mix of some inputs' bytes; formulas of even numbers forget much, so that waves are cut off.
fn mix<'i>(formula: u8, inputs: impl Iterator<Item = &'i [u8]>, out: &mut [u8]) {
    let joined = inputs
        .flatten()
        .fold(u64::from(formula), |sum, &byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let kept = if formula.is_multiple_of(2) { joined & 1 } else { joined };
    out.iter_mut().enumerate().for_each(|(at, byte)| *byte = kept.to_le_bytes()[at % 8]);
}

/// The expected bytes and flags: pages, what they are computed by, and who warns whom.
#[derive(Clone, Default)]
struct Model {
    bytes: BTreeMap<PageId, Vec<u8>>,
    formulas: BTreeMap<PageId, Formula>,
    /// Control edges.
    warnings: BTreeSet<(PageId, PageId)>,
    /// Flags, where pages are computed at once.
    stale: BTreeSet<PageId>,
}

impl Model {
    /// Computes everything from scratch, in rounds, until nothing changes.
    fn compute(&mut self) {
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for (page, (formula, inputs)) in &self.formulas {
                let slices = inputs.iter().map(|input| self.bytes[input].as_slice());
                let mut out = vec![0; self.bytes[page].len()];
                mix(*formula, slices, &mut out);
                is_changed |= self.bytes.insert(*page, out.clone()) != Some(out);
            }
        }
    }

    /// Finds the flags after a step from `old`: a change warns along Control edges, unless the page was computed; what
    /// has nothing above it, or is another registration's now, is not behind.
    fn warn(&mut self, old: &Self) {
        let changed = |page: &PageId| self.bytes[page] != old.bytes[page];
        let is_new = |page: &PageId| self.formulas.get(page) != old.formulas.get(page);
        let computed = |page: &PageId| {
            let formula = self.formulas.get(page);
            is_new(page) || formula.is_some_and(|(_, inputs)| inputs.iter().any(changed))
        };
        let warned = self.warnings.iter().filter(|(source, _)| changed(source)).map(|(_, target)| *target);
        let mut stale: BTreeSet<PageId> = old.stale.iter().copied().chain(warned).collect();
        let has_parents = |page: &PageId| {
            self.formulas.contains_key(page) || self.warnings.iter().any(|(_, target)| target == page)
        };
        stale.retain(|page| !computed(page) && has_parents(page));
        self.stale = stale;
    }

    #[track_caller]
    fn check_flags(&self, bus: &Bus, at: &str) {
        let stale: BTreeSet<PageId> = bus.graph().unwrap().stale().collect();
        assert_eq!(stale, self.stale, "{at}");
    }

    #[track_caller]
    fn check(&self, bus: &Bus, at: &str) {
        for (&page, bytes) in &self.bytes {
            assert_eq!(&bus.with_page(page, <[u8]>::to_vec).unwrap(), bytes, "{page} {at}");
        }
    }
}

fn derive(bus: &Bus, rng: &mut Rng, model: &mut Model, pages: &[PageId]) {
    let page = rng.pick(pages);
    let inputs: Vec<_> = (0..1 + rng.below(3)).map(|_| rng.pick(pages)).collect();
    let formula = rng.below(8) as u8;
    let named = bus.derive(page).from(inputs.iter().copied()).named("mix", formula.into());
    match named.with(move |inputs, out| mix(formula, inputs.iter(), out)) {
        Ok(_) => drop(model.formulas.insert(page, (formula, inputs))),
        Err(Error::Cycle { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fn write(bus: &Bus, rng: &mut Rng, model: &mut Model, pages: &[PageId]) {
    let mut tx = bus.begin();
    for _ in 0..1 + rng.below(4) {
        let page = rng.pick(pages);
        if model.formulas.contains_key(&page) {
            continue;
        }
        let len = model.bytes[&page].len();
        let (offset, bytes) = (rng.below(len), rng.bytes(1));
        if rng.once_in(3) {
            let image = rng.bytes(len);
            tx.capture(page, &image).unwrap();
            model.bytes.insert(page, image);
        } else {
            tx.write(page, offset as u32, &bytes).unwrap();
            model.bytes.get_mut(&page).unwrap()[offset] = bytes[0];
        }
    }
    tx.commit().unwrap();
}

/// Adds a Control edge, or takes one away.
fn warn(bus: &Bus, rng: &mut Rng, model: &mut Model, pages: &[PageId]) {
    let known: Vec<_> = model.warnings.iter().copied().collect();
    if !known.is_empty() && rng.once_in(3) {
        let (source, target) = rng.pick(&known);
        bus.unlink(source, target, EdgeKind::Control).unwrap();
        model.warnings.remove(&(source, target));
        return;
    }
    let (source, target) = (rng.pick(pages), rng.pick(pages));
    match bus.link(source, target, EdgeKind::Control) {
        Ok(_) => drop(model.warnings.insert((source, target))),
        Err(Error::Cycle { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fn end(bus: &Bus, rng: &mut Rng, model: &mut Model) {
    let derived: Vec<_> = model.formulas.keys().copied().collect();
    if !derived.is_empty() {
        let page = rng.pick(&derived);
        bus.underive(page).unwrap();
        model.formulas.remove(&page);
    }
}

/// What a life of a bus left behind.
struct Lived {
    sheet: Sheet,
    model: Model,
    waves: Vec<Option<WaveReport>>,
}

fn run(seed: u64, builder: Builder, propagation: Propagation) -> Lived {
    let builder = builder.propagation(propagation).instance_id([7; 16]);
    let sheet = Sheet::built(builder, &[]);
    let (bus, mut rng, mut model) = (&sheet.bus, Rng::new(seed), Model::default());
    let mut waves = Vec::new();
    let pages: Vec<_> = (0..12).map(|at| bus.create_page(None, 1 + at * 5).unwrap()).collect();
    model.bytes = pages.iter().map(|&page| (page, vec![0; bus.page_bytes(page).unwrap() as usize])).collect();
    for step in 0..STEPS {
        let old = model.clone();
        match rng.below(9) {
            0..=1 => derive(bus, &mut rng, &mut model, &pages),
            2 if step > 20 => end(bus, &mut rng, &mut model),
            3 => warn(bus, &mut rng, &mut model, &pages),
            _ => write(bus, &mut rng, &mut model, &pages),
        }
        waves.push(bus.last_wave());
        if propagation != Propagation::Immediate {
            waves.push(Some(bus.propagate().unwrap()));
        }
        let at = format!("at step {step} of seed {seed}");
        model.compute();
        model.check(bus, &at);
        if propagation == Propagation::Immediate {
            model.warn(&old);
            model.check_flags(bus, &at);
        }
    }
    Lived { sheet, model, waves }
}

#[test]
fn step_by_step_is_from_scratch_is_the_log() {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let Lived { sheet, model, .. } = run(seed, Bus::builder(), Propagation::Immediate);
        assert_eq!((sheet.bus.verify_recompute(), sheet.bus.validate()), (vec![], vec![]), "seed {seed}");
        let reopened = sheet.reopened();
        model.check(&reopened.bus, &format!("reopened, seed {seed}"));
        assert_eq!(reopened.bus.orphans().len(), model.formulas.len());
    }
}

#[test]
fn later_is_the_same_as_at_once() {
    for seed in 0..SEEDS / 2 {
        println!("seed {seed}");
        let at_once = run(seed, Bus::builder(), Propagation::Immediate).sheet;
        let later = run(seed, Bus::builder(), Propagation::Deferred).sheet;
        let (one, other) = (at_once.bus.to_view().unwrap(), later.bus.to_view().unwrap());
        let differences = diff(&one, &other).unwrap();
        assert!(differences.pages.is_empty(), "seed {seed}: {differences}");
        assert_eq!(later.bus.validate(), vec![]);
    }
}

#[test]
fn any_number_of_workers_does_the_same_down_to_the_files() {
    for (seed, propagation) in (0..SEEDS / 2).flat_map(|seed| MODES.map(|mode| (seed, mode))) {
        println!("seed {seed}, {propagation:?}");
        let alone = run(seed, Bus::builder(), propagation);
        let waves = alone.waves;
        let files = alone.sheet.ended();
        for count in [2, 8] {
            let builder = Bus::builder().propagation_workers(count).without_patience();
            let shared = run(seed, builder, propagation);
            assert_eq!(shared.waves, waves, "reports of {count} workers");
            assert_eq!(shared.sheet.bus.verify_recompute(), vec![]);
            assert!(shared.sheet.ended() == files, "files of {count} workers");
        }
    }
}
