//! Three fields of pages in one slab: kernels read the first two and write the third.

use anyhow::{Result, ensure};
use mmsb_gpu::{Dispatch, Engine, Kernel, Program, Tile};

use crate::Random;

/// Quads (16 bytes) of a tile.
const TILE_QUADS: u32 = 1024;
/// The first field's pages; the second field is the first with one tile in this many changed.
const CHANGED_TILE: usize = 100;
/// Words that are changed in such a tile.
const CHANGED_WORDS: u32 = 8;

/// One slab of an engine, in three fields.
pub(super) struct Fields<E> {
    pub engine: E,
    pub shape: Shape,
}

/// How long fields and their pages are.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub field_bytes: u32,
    pub page_bytes: u32,
}

impl<E: Engine> Fields<E> {
    /// Makes the slab in an engine that has none, and fills it.
    pub fn new(mut engine: E, shape: Shape, random: &mut Random) -> Result<Self> {
        engine.add_slab(shape.slab_words())?;
        let first = shape.words(random, 0);
        let write = shape.tiles(0, |_, tile| tile.source = tile.target);
        engine.run(&program(first, [(Kernel::PageWrite, write)], 0))?;
        // The third field is not zero either: to make it so must show.
        for field in [1, 2] {
            let copy = shape.tiles(field, |_, tile| tile.source = tile.target - field * shape.field_quads());
            engine.run(&program(Vec::new(), [(Kernel::PageCopy, copy)], 0))?;
        }
        let (first, words) = (shape.field_quads() * 4, shape.changes());
        let count = words.len() as u32;
        let words = words.into_iter().flat_map(|word| [(first + word) | (15 << 28), word | 1]).collect();
        let dispatch = Dispatch { kernel: Kernel::SparseDeltaApply, target: 0, source: 0, first: 0, count };
        engine.run(&Program { words, dispatches: vec![dispatch], ..Program::default() })?;
        Ok(Self { engine, shape })
    }

    /// Returns the fingerprint of each page of the slab.
    pub fn prints(&mut self) -> Result<Vec<u32>> {
        let mut prints = Vec::new();
        for field in 0..3 {
            let tiles = self.shape.tiles(field, |page, tile| tile.result = page * 4);
            let answer = self.shape.page_count() * 4;
            prints.extend(self.engine.run(&program(
                Vec::new(),
                [(Kernel::PageFingerprint, tiles)],
                answer,
            ))?);
        }
        Ok(prints)
    }
}

impl Shape {
    pub const fn field_quads(self) -> u32 {
        self.field_bytes / 16
    }

    pub const fn slab_words(self) -> u32 {
        self.field_bytes / 4 * 3
    }

    pub const fn page_count(self) -> u32 {
        self.field_bytes / self.page_bytes
    }

    /// Returns the tiles of a field's pages; `set` says the rest of each, given its page.
    pub fn tiles(self, field: u32, set: impl Fn(u32, &mut Tile)) -> Vec<Tile> {
        let page_quads = self.page_bytes / 16;
        let count = TILE_QUADS.min(page_quads);
        let quads = (0..self.field_quads()).step_by(count as usize);
        let tiles = quads.map(|quad| {
            let target = field * self.field_quads() + quad;
            let mut tile = Tile { target, count, offset: quad % page_quads, ..Tile::default() };
            set(quad / page_quads, &mut tile);
            tile
        });
        tiles.collect()
    }

    /// Returns words of a field that are changed between the first one and the second, by rising word.
    pub fn changes(self) -> Vec<u32> {
        let tile_words = TILE_QUADS.min(self.page_bytes / 16) * 4;
        let tiles = (0..self.field_bytes / 4).step_by(tile_words as usize).step_by(CHANGED_TILE);
        tiles
            .flat_map(|first| (0..CHANGED_WORDS).map(move |word| first + word * (tile_words / CHANGED_WORDS)))
            .collect()
    }

    /// Returns random words of a field, and so many zeros behind.
    pub fn words(self, random: &mut Random, more: u32) -> Vec<u32> {
        let bytes = random.bytes(self.field_bytes as usize);
        let words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        words.chain(std::iter::repeat_n(0, more as usize)).collect()
    }
}

/// Makes a program of kernels over tiles of the one slab.
pub(super) fn program(
    words: Vec<u32>,
    kernels: impl IntoIterator<Item = (Kernel, Vec<Tile>)>,
    result_words: u32,
) -> Program {
    let mut program = Program { words, result_words, ..Program::default() };
    for (kernel, tiles) in kernels {
        let (first, count) = (program.tiles.len() as u32, tiles.len() as u32);
        program.tiles.extend(tiles);
        program.dispatches.push(Dispatch { kernel, target: 0, source: 0, first, count });
    }
    program
}

/// Does the same on a device and on the host, and compares what they answer and what all pages hold then.
#[cfg_attr(
    not(feature = "gpu"),
    expect(dead_code, reason = "there is no device to be held against the host")
)]
pub(super) fn agree<A: Engine, B: Engine>(
    name: &str,
    program: &Program,
    device: &mut Fields<A>,
    host: &mut Fields<B>,
) -> Result<()> {
    let same = device.engine.run(program)? == host.engine.run(program)?;
    ensure!(same, "{name}: the device answers something else than the host");
    ensure!(device.prints()? == host.prints()?, "{name}: the device's pages are not the host's");
    Ok(())
}
