//! The ring of cells, in pages of a bus.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, ensure};
use mmsb::{Bus, CheckpointEvery, Durability, Epoch, Inputs, PageId, Retention, Snapshot, verify_replay};

use crate::{Random, clock::Stopwatch};

const TILES: usize = 4;
const TILE_CELLS: usize = 32;
const TILE_BYTES: usize = TILE_CELLS * 4;
const CELLS: usize = TILES * TILE_CELLS;
/// How much of the difference to its neighbours a cell takes over, and how much of itself it loses.
const DIFFUSION: f32 = 0.2;
const DAMPING: f32 = 0.02;
const SHOCK: f32 = 1e-3;
/// What all shocks together can make, and what rounding adds to that.
pub const BOUND: f32 = SHOCK / DAMPING * 1.001;
/// The log keeps so many ticks.
const KEPT_EPOCHS: u64 = 20_000;

/// All cells, as bytes.
type Cells = Vec<u8>;

/// The bus and its pages.
pub struct Ring {
    bus: Bus,
    path: PathBuf,
    random: Random,
    now: [PageId; TILES],
    next: [PageId; TILES],
    /// The first state with all cells.
    first: Epoch,
}

/// A cell that gets a shock, or all of them, and which.
pub type Shock = (Option<usize>, f32);

impl Ring {
    pub fn new(path: &Path, mut random: Random) -> Result<Self> {
        let every = CheckpointEvery { commits: Some(KEPT_EPOCHS / 4), ..CheckpointEvery::NEVER };
        let builder = Bus::builder().durability(Durability::Volatile).segment_bytes(4 << 20);
        let bus = builder.checkpoint_every(every).retain(Retention::Epochs(KEPT_EPOCHS)).create(path)?;
        let create = || bus.create_page(None, TILE_BYTES);
        let mut now = [PageId::FIRST; TILES];
        now.iter_mut().try_for_each(|page| create().map(|made| *page = made))?;
        let mut next = now;
        for (tile, page) in next.iter_mut().enumerate() {
            *page = create()?;
            let inputs = [TILES - 1, 0, 1].map(|step| now[(tile + step) % TILES]);
            bus.derive(*page).from(inputs).named("ring", 1).with(step)?;
        }
        for page in now {
            let cells: Vec<f32> = (0..TILE_CELLS).map(|_| random.below(2000) as f32 / 1000.0 - 1.0).collect();
            bus.write(page, 0, bytes(&cells))?;
        }
        Ok(Self { first: bus.epoch(), bus, path: path.to_owned(), random, now, next })
    }

    /// Returns the state that the next window begins with.
    pub fn start(&self) -> Result<Snapshot> {
        Ok(self.bus.snapshot())
    }

    /// Makes a shock for each tick: of a random cell and sign, or the worst ones there are.
    pub fn shocks(&mut self, ticks: usize, are_worst: bool) -> Vec<Shock> {
        let random = &mut self.random;
        let mut shock = || (Some(random.below(CELLS)), if random.below(2) == 0 { SHOCK } else { -SHOCK });
        (0..ticks).map(|_| if are_worst { (None, SHOCK) } else { shock() }).collect()
    }

    /// Makes a tick for each shock; returns how long that took, and the cells after each.
    pub fn go(&self, shocks: &[Shock]) -> Result<(Duration, Vec<Cells>)> {
        let watch = Stopwatch::start();
        let trajectory = shocks.iter().map(|shock| self.tick(*shock)).collect::<Result<_>>()?;
        Ok((watch.elapsed(), trajectory))
    }

    fn tick(&self, (shocked, by): Shock) -> Result<Cells> {
        let mut cells = Cells::with_capacity(CELLS * 4);
        for page in self.next {
            self.bus.with_page(page, |bytes| cells.extend_from_slice(bytes))?;
        }
        for (cell, bytes) in cells.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            if shocked.is_none_or(|shocked| shocked == cell) {
                *bytes = (f32::from_le_bytes(*bytes) + by).to_le_bytes();
            }
        }
        let mut tx = self.bus.begin();
        for (page, bytes) in self.now.iter().zip(cells.chunks(TILE_BYTES)) {
            tx.capture(*page, bytes)?;
        }
        tx.commit()?;
        Ok(cells)
    }

    /// Lets a branch of `start` go without shocks, and returns how far from it the trajectory comes.
    pub fn error_against_calm(&self, start: &Snapshot, trajectory: &[Cells]) -> Result<f32> {
        let (branch, mut worst) = (start.branch()?, 0.0_f32);
        for shocked in trajectory {
            let mut tiles = [const { Vec::new() }; TILES];
            for (page, tile) in self.now.iter().zip(&mut tiles) {
                *tile = branch.with_page(*page, <[u8]>::to_vec)?;
            }
            let mut tx = branch.begin();
            let mut calm = Cells::with_capacity(CELLS * 4);
            for (tile, page) in self.now.iter().enumerate() {
                let sides = [TILES - 1, 0, 1].map(|step| &tiles[(tile + step) % TILES][..]);
                let mut made = [0; TILE_BYTES];
                diffuse(sides, &mut made);
                tx.capture(*page, made)?;
                calm.extend_from_slice(&made);
            }
            tx.commit()?;
            worst = worst.max(error(shocked, &calm)?);
        }
        Ok(worst)
    }

    /// Rewinds to `start` and goes the same way once more.
    pub fn must_repeat(&self, start: &Snapshot, shocks: &[Shock], trajectory: &[Cells]) -> Result<()> {
        self.bus.rewind(start.epoch())?;
        let (_, again) = self.go(shocks)?;
        let differs = again.iter().zip(trajectory).position(|(one, two)| one != two);
        ensure!(differs.is_none(), "after a rewind to {} tick {differs:?} is another one", start.epoch());
        Ok(())
    }

    /// Ends the bus, and compares what its log amounts to with what it was.
    pub fn must_replay(self) -> Result<()> {
        // The checkpoints that the bus makes by itself may be behind, and give up states while they catch up.
        self.bus.checkpoint()?;
        let oldest = self.bus.oldest().max(self.first).get();
        let epochs: Vec<_> =
            (0..8).map(|at| Epoch::new(oldest + (self.bus.epoch().get() - oldest) * at / 7)).collect();
        let cells = |bus: &Bus, epoch| -> Result<Cells> {
            let past = bus.at(epoch)?;
            let tiles = self.now.iter().map(|page| past.bytes(*page));
            Ok(tiles.collect::<Result<Vec<_>, _>>()?.concat())
        };
        let live = epochs.iter().map(|epoch| cells(&self.bus, *epoch)).collect::<Result<Vec<_>>>()?;
        self.bus.clone().stop()?;
        drop(self.bus);
        let replayed = Bus::open_read_only(&self.path)?;
        for (epoch, live) in epochs.iter().zip(&live) {
            ensure!(cells(&replayed, *epoch)? == *live, "replayed, {epoch} is another state");
        }
        let verified = verify_replay(&self.path, |_| {})?;
        ensure!(verified.difference.is_none(), "{verified:?}");
        Ok(())
    }
}

/// Computes the next state of a tile: its left neighbour, itself, its right one.
fn step(inputs: &Inputs<'_>, out: &mut [u8]) {
    diffuse([&inputs[0], &inputs[1], &inputs[2]], out);
}

fn diffuse([left, own, right]: [&[u8]; 3], out: &mut [u8]) {
    let cell = |tile: &[u8], at: usize| {
        f32::from_le_bytes([tile[4 * at], tile[4 * at + 1], tile[4 * at + 2], tile[4 * at + 3]])
    };
    for at in 0..TILE_CELLS {
        let before = if at == 0 { cell(left, TILE_CELLS - 1) } else { cell(own, at - 1) };
        let behind = if at + 1 == TILE_CELLS { cell(right, 0) } else { cell(own, at + 1) };
        let here = cell(own, at);
        let next = here + DIFFUSION * (before - 2.0 * here + behind) - DAMPING * here;
        out[4 * at..][..4].copy_from_slice(&next.to_le_bytes());
    }
}

fn bytes(cells: &[f32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}

/// Returns the largest difference of two cells.
fn error(one: &[u8], two: &[u8]) -> Result<f32> {
    let mut worst = 0.0_f32;
    for (one, two) in one.as_chunks::<4>().0.iter().zip(two.as_chunks::<4>().0) {
        let [one, two] = [one, two].map(|bytes| f32::from_le_bytes(*bytes));
        ensure!(one.is_finite() && two.is_finite(), "a cell is {one}, or {two} without shocks");
        worst = worst.max((one - two).abs());
    }
    Ok(worst)
}
