//! The pages of line 6, a tick of them, and what they must hold behind it.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Inputs, TickReport, Ticks};
use mmsb_types::PageId;

use crate::{Context, Random, clock::Stopwatch, pages::CHANGE_BYTES, waves::compute, world::World};

const LAYERS: usize = 10;
const CELL_BYTES: usize = 64;
/// What a tick takes more with the fault `slow-tick`.
const SLOW: Duration = Duration::from_millis(20);

/// The bus beside its model.
pub struct Model {
    world: World,
    deltas: usize,
    layer: usize,
    cells: Vec<Cell>,
    random: Random,
    is_dropping: bool,
    is_slow: bool,
}

/// A computed page.
struct Cell {
    page: PageId,
    inputs: [Input; 2],
    /// What it must hold.
    image: [u8; CELL_BYTES],
}

/// What a page is computed from.
#[derive(Clone, Copy)]
enum Input {
    /// A page that the world was filled with.
    Filled(PageId),
    /// The cell of this number.
    Cell(usize),
}

impl Model {
    /// Fills the bus with so many pages, and adds ten layers of computed ones.
    pub fn new(context: &Context, bus: Bus, [pages, deltas, layer]: [usize; 3]) -> Result<Self> {
        let (is_dropping, is_slow) = (context.has_fault("dropped-delta"), context.has_fault("slow-tick"));
        let world = World::new(bus, pages, context.random())?;
        let (cells, random) = (Vec::with_capacity(LAYERS * layer), context.random());
        let mut model = Self { world, deltas, layer, cells, random, is_dropping, is_slow };
        for number in 0..LAYERS * layer {
            model.derive(context.has_fault("stale-page") && number + 1 == LAYERS * layer)?;
        }
        Ok(model)
    }

    /// Returns how many pages a tick computes.
    pub const fn computed(&self) -> usize {
        self.cells.len()
    }

    /// Adds a computed page, unless a test wants one that is never computed anew.
    fn derive(&mut self, is_stale: bool) -> Result<()> {
        let (before, first) = (self.cells.len() / self.layer, self.random.below(self.layer));
        let other = (first + 1 + self.random.below(self.layer - 1)) % self.layer;
        let inputs = [first, other].map(|number| match before.checked_sub(1) {
            None => Input::Filled(PageId::new(number as u64 + 1)),
            Some(before) => Input::Cell(before * self.layer + number),
        });
        let pages = inputs.map(|input| match input {
            Input::Filled(page) => page,
            Input::Cell(cell) => self.cells[cell].page,
        });
        let page = self.world.bus.create_page(None, CELL_BYTES)?;
        let sum = move |inputs: &Inputs<'_>, out: &mut [u8]| match is_stale {
            true => out.fill(0),
            false => compute(inputs.iter(), out),
        };
        self.world.bus.derive(page).from(pages).named("sum", 1).with(sum)?;
        self.cells.push(Cell { page, inputs, image: [0; CELL_BYTES] });
        Ok(())
    }

    /// Runs a tick of new deltas, and checks what came of it; returns what it took without waiting for a processor, and
    /// by the wall.
    pub fn tick(&mut self, ticks: &mut Ticks<'_>) -> Result<(TickReport, [Duration; 2])> {
        self.renew();
        let changes = &self.world.changes[usize::from(self.is_dropping)..];
        let (start, watch) = (Instant::now(), Stopwatch::start());
        let report = ticks.run(|tx| {
            if self.is_slow {
                thread::sleep(SLOW);
            }
            changes.iter().try_for_each(|change| tx.write(change.page, change.offset, change.bytes))
        })?;
        let took = [watch.elapsed(), start.elapsed()];
        self.world.shadow.copy(&self.world.changes);
        self.compute();
        self.world.verify()?;
        self.verify_cells()?;
        Ok((report, took))
    }

    /// Makes new deltas; the first ones change each what a page of the first layer is computed from.
    fn renew(&mut self) {
        self.world.renew(self.deltas);
        for (number, change) in (1..).zip(&mut self.world.changes[..self.layer]) {
            change.page = PageId::new(number);
            change.offset = self.random.below(CELL_BYTES - CHANGE_BYTES + 1) as u32;
        }
    }

    /// Makes in the model what the bus computes.
    fn compute(&mut self) {
        for number in 0..self.cells.len() {
            let (before, cells) = self.cells.split_at_mut(number);
            let Cell { inputs, image, .. } = &mut cells[0];
            let bytes = inputs.iter().map(|input| match input {
                Input::Filled(page) => self.world.shadow.page(*page),
                Input::Cell(cell) => &before[*cell].image[..],
            });
            compute(bytes, image);
        }
    }

    fn verify_cells(&self) -> Result<()> {
        for Cell { page, image, .. } in &self.cells {
            let same = self.world.bus.with_page(*page, |bytes| bytes == image)?;
            ensure!(same, "{page} is not what its inputs make of it");
        }
        Ok(())
    }

    /// Compares every page.
    pub fn verify_all(&self) -> Result<()> {
        self.world.verify_filled()?;
        self.verify_cells()
    }
}
