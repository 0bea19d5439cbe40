//! Pages in the slabs of an engine: the one code that turns what is asked into programs.
//!
//! Invariant: before a program looks at a slot, whatever a former page left in it is zeroed, by the same program.

use std::collections::BTreeMap;

use mmsb_delta::Delta;

use crate::{
    Comparison, Engine, Fingerprint, Formula, GpuError, Kernel, PageHandle, PageOps, Place, Program, Slabs,
    Step, lower, queries,
    slabs::{Room, slot_bytes},
};

/// What comes back in one round trip at most, in bytes (64 MiB).
const READ_BYTES_MAX: u64 = 64 << 20;

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
    fn submit(&mut self, mut program: Program) -> Result<Vec<u32>, GpuError> {
        if !self.unclean.is_empty() {
            let asked = program.dispatches.len();
            let pieces = self.unclean.values().flat_map(|place| lower::tiles(*place, place.slab, 0));
            program.push_tiles(Kernel::PageZero, pieces.collect());
            program.dispatches.rotate_left(asked);
        }
        let answer = self.engine.run(&program)?;
        self.unclean.clear();
        Ok(answer)
    }

    fn read_round(&mut self, places: &[Place], into: &mut Vec<Vec<u8>>) -> Result<(), GpuError> {
        let words = self.engine.read(places)?;
        let mut rest = words.as_slice();
        for place in places {
            let (page, others) = rest.split_at(place.word_count().next_multiple_of(4) as usize);
            let bytes = page.iter().flat_map(|word| word.to_le_bytes());
            into.push(bytes.take(place.page_bytes as usize).collect());
            rest = others;
        }
        Ok(())
    }
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

    fn read_many(&mut self, pages: &[PageHandle]) -> Result<Vec<Vec<u8>>, GpuError> {
        let places = pages.iter().map(|page| self.slabs.find(*page));
        let places: Vec<Place> = places.collect::<Result<_, _>>()?;
        if !self.unclean.is_empty() {
            self.submit(Program::default())?;
        }
        let mut bytes = Vec::with_capacity(pages.len());
        for round in rounds(&places, READ_BYTES_MAX, |place| u64::from(place.page_bytes)) {
            self.read_round(round, &mut bytes)?;
        }
        Ok(bytes)
    }

    fn compare_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Comparison>, GpuError> {
        let (program, ends) = queries::compare(&self.slabs, pairs)?;
        Ok(Comparison::all(&self.submit(program)?, &ends))
    }

    fn diff_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Delta>, GpuError> {
        let (count, tile_counts) = queries::diff_count(&self.slabs, pairs)?;
        let counts = self.submit(count.clone())?;
        let answer = self.submit(queries::diff_emit(&count, &counts))?;
        Ok(queries::deltas(&answer, &counts, &tile_counts))
    }

    fn fingerprints(&mut self, pages: &[PageHandle]) -> Result<Vec<Fingerprint>, GpuError> {
        let (program, page_bytes) = queries::fingerprints(&self.slabs, pages)?;
        Ok(Fingerprint::all(&self.submit(program)?, &page_bytes))
    }

    fn blake3(&mut self, pages: &[PageHandle]) -> Result<Vec<[u8; 32]>, GpuError> {
        let (program, places) = queries::blake3(&self.slabs, pages)?;
        Ok(queries::digests(&self.submit(program)?, &places))
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
