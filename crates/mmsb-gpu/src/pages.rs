//! Pages in the slabs of an engine: the one code that turns what is asked into programs.
//!
//! Invariant: before a program looks at a slot, whatever a former page left in it is zeroed, by the same program.

use std::collections::BTreeMap;

use mmsb_delta::Delta;

use crate::{
    Comparison, Engine, Fingerprint, Formula, GpuError, Kernel, Later, PageHandle, PageOps, Place, Program,
    Slabs, Step, Ticket, lower, queries,
    slabs::{Room, slot_bytes},
};

/// What is asked for at once at most, in bytes of pages (16 MiB), so that one answer is read while the next is made.
const ROUND_BYTES_MAX: u64 = 16 << 20;

/// Pages in the slabs of an engine.
#[derive(Debug)]
pub struct Pages<E> {
    slabs: Slabs,
    engine: E,
    /// Slots given out again, by slab and first word, in which bytes of former pages are.
    unclean: BTreeMap<(u32, u32), Place>,
}

impl<E: Engine> Pages<E> {
    /// Makes pages of an engine that has no slabs yet: each will be `slab_bytes` long, together at most
    /// `budget_bytes`.
    pub fn with_engine(engine: E, slab_bytes: u64, budget_bytes: u64) -> Self {
        Self { slabs: Slabs::new(slab_bytes, budget_bytes), engine, unclean: BTreeMap::new() }
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// Gives the pages up and returns the engine.
    pub fn into_engine(self) -> E {
        self.engine
    }

    /// Runs a program, behind what cleans slots.
    fn submit(&mut self, mut program: Program) -> Result<Ticket, GpuError> {
        if !self.unclean.is_empty() {
            let asked = program.dispatches.len();
            let pieces = self.unclean.values().flat_map(|place| lower::tiles(*place, place.slab, 0));
            program.push_tiles(Kernel::PageZero, pieces.collect());
            program.dispatches.rotate_left(asked);
        }
        let ticket = self.engine.submit(&program)?;
        self.unclean.clear();
        Ok(ticket)
    }

    /// Runs a program and returns its answer.
    fn answer(&mut self, program: Program) -> Result<Vec<u32>, GpuError> {
        let ticket = self.submit(program)?;
        self.engine.land(ticket)
    }

    /// Asks how many words of pairs differ, tile by tile.
    fn count_differences(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Counted, GpuError> {
        let (program, tile_counts) = queries::diff_count(&self.slabs, pairs)?;
        Ok(Counted { ticket: self.submit(program.clone())?, program, tile_counts })
    }
}

/// Pairs of which it was asked how many words differ, and how many tiles each has.
struct Counted {
    ticket: Ticket,
    program: Program,
    tile_counts: Vec<usize>,
}

impl<E: Engine> PageOps for Pages<E> {
    fn slabs(&self) -> &Slabs {
        &self.slabs
    }

    fn create_together(&mut self, page_bytes: &[u32]) -> Result<Vec<PageHandle>, GpuError> {
        if page_bytes.is_empty() {
            return Ok(Vec::new());
        }
        if self.slabs.room(page_bytes)? == Room::NeedsSlab {
            self.engine.add_slab(self.slabs.slab_words())?;
            self.slabs.add_slab();
        }
        let (pages, is_used) = self.slabs.take(page_bytes)?;
        for page in pages.iter().filter(|_| is_used) {
            let place = self.slabs.find(*page)?;
            let place = Place { page_bytes: slot_bytes(place.page_bytes), ..place };
            self.unclean.insert(place.start(), place);
        }
        Ok(pages)
    }

    fn free(&mut self, page: PageHandle) -> Result<(), GpuError> {
        let place = self.slabs.find(page)?;
        self.unclean.remove(&place.start());
        self.slabs.free(page)
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.engine.compile(formula)
    }

    fn run(&mut self, steps: &[Step<'_>]) -> Result<(), GpuError> {
        let program = lower::lower(&self.slabs, steps)?;
        self.submit(program).map(drop)
    }

    fn read_later(&mut self, pages: &[PageHandle]) -> Result<Later<Vec<u8>>, GpuError> {
        let places = pages.iter().map(|page| self.slabs.find(*page));
        let places: Vec<Place> = places.collect::<Result<_, _>>()?;
        if !self.unclean.is_empty() {
            drop(self.submit(Program::default())?);
        }
        let mut later = Later::none();
        for round in rounds(&places, ROUND_BYTES_MAX, |place| u64::from(place.page_bytes)) {
            let (ticket, round) = (self.engine.fetch(round)?, round.to_vec());
            later.push(ticket, move |words| bytes_of(&round, words));
        }
        Ok(later)
    }

    fn fingerprints_later(&mut self, pages: &[PageHandle]) -> Result<Later<Fingerprint>, GpuError> {
        let (program, page_bytes) = queries::fingerprints(&self.slabs, pages)?;
        let mut later = Later::none();
        later.push(self.submit(program)?, move |words| Fingerprint::all(words, &page_bytes));
        Ok(later)
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        self.engine.land(ticket)
    }

    fn compare_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Comparison>, GpuError> {
        let (program, ends) = queries::compare(&self.slabs, pairs)?;
        Ok(Comparison::all(&self.answer(program)?, &ends))
    }

    fn diff_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Delta>, GpuError> {
        let page_bytes =
            |pair: &(PageHandle, _)| self.slabs.place(pair.0).map_or(0, |place| place.page_bytes);
        let rounds: Vec<_> = rounds(pairs, ROUND_BYTES_MAX, |pair| u64::from(page_bytes(pair))).collect();
        let counted = rounds.into_iter().map(|round| self.count_differences(round));
        let counted: Vec<Counted> = counted.collect::<Result<_, _>>()?;
        let mut later = Later::none();
        for Counted { ticket, program, tile_counts } in counted {
            let counts = self.engine.land(ticket)?;
            let emitted = self.submit(queries::diff_emit(&program, &counts))?;
            later.push(emitted, move |words| queries::deltas(words, &counts, &tile_counts));
        }
        later.wait(self)
    }

    fn blake3(&mut self, pages: &[PageHandle]) -> Result<Vec<[u8; 32]>, GpuError> {
        let (program, places) = queries::blake3(&self.slabs, pages)?;
        Ok(queries::digests(&self.answer(program)?, &places))
    }

    fn submitted(&self) -> u64 {
        self.engine.submitted()
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.engine.completed()
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        self.engine.wait()
    }
}

/// Returns the bytes of pages whose words came one behind the other, each filled up to whole quads.
fn bytes_of(places: &[Place], mut words: &[u32]) -> Vec<Vec<u8>> {
    let pages = places.iter().map(|place| {
        let (page, others) = words.split_at(place.word_count().next_multiple_of(4) as usize);
        words = others;
        page.iter().flat_map(|word| word.to_le_bytes()).take(place.page_bytes as usize).collect()
    });
    pages.collect()
}

/// Cuts items into rounds of at most so many bytes together, or of one that is longer.
pub(crate) fn rounds<T>(
    mut items: &[T],
    bytes_max: u64,
    bytes: impl Fn(&T) -> u64,
) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fits = |item: &&T| {
            sum += bytes(item);
            sum <= bytes_max
        };
        let count = items.iter().take_while(fits).count().max(1).min(items.len());
        let (round, rest) = items.split_at(count);
        items = rest;
        (!round.is_empty()).then_some(round)
    })
}
