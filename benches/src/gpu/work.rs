//! Each kernel's work over a whole field, as a program, and the least bytes that it must move.

use mmsb_gpu::{Combine, Kernel, Program, Tile};

use super::fields::{Shape, program};
use crate::Random;

/// One kernel's work.
pub(super) struct Work {
    pub name: &'static str,
    pub program: Program,
    /// The least bytes that anybody must read and write for it.
    pub floor_bytes: f64,
    /// What a data-centre GPU shall reach of a copy's speed: with pages of 4 KiB, and of 64.
    #[cfg_attr(not(feature = "gpu"), expect(dead_code, reason = "goals are a device's"))]
    pub goals: [f64; 2],
}

/// How a kernel's work is made.
pub(super) type Make = fn(Shape, &mut Random) -> Work;

/// Every kernel's.
pub(super) const ALL: [Make; 9] = [zero, copy, write, merge, compare, diff, fingerprint, blake3, propagate];

/// Goals of what does nothing but move bytes.
const MOVES: [f64; 2] = [0.75, 0.85];

fn work(name: &'static str, program: Program, floor_bytes: f64, goals: [f64; 2]) -> Work {
    Work { name, program, floor_bytes, goals }
}

fn zero(shape: Shape, _: &mut Random) -> Work {
    let tiles = shape.tiles(2, |_, _| ());
    work("page_zero", program(Vec::new(), [(Kernel::PageZero, tiles)], 0), bytes(shape), MOVES)
}

fn copy(shape: Shape, _: &mut Random) -> Work {
    let tiles = shape.tiles(2, |_, tile| tile.source = field_quad(shape, tile));
    work("page_copy", program(Vec::new(), [(Kernel::PageCopy, tiles)], 0), 2.0 * bytes(shape), MOVES)
}

fn write(shape: Shape, random: &mut Random) -> Work {
    let tiles = shape.tiles(2, |_, tile| tile.source = field_quad(shape, tile));
    let words = shape.words(random, 0);
    work("page_write", program(words, [(Kernel::PageWrite, tiles)], 0), 2.0 * bytes(shape), MOVES)
}

/// Every other byte or so is masked, so all of both sides must be read.
fn merge(shape: Shape, random: &mut Random) -> Work {
    let mask_words = shape.field_bytes / 32;
    let mut words = shape.words(random, mask_words);
    let masks = random.bytes(mask_words as usize * 4);
    let first = words.len() - mask_words as usize;
    let masks = masks.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    words[first..].iter_mut().zip(masks).for_each(|(word, mask)| *word = mask);
    let tiles = shape.tiles(2, |_, tile| {
        tile.source = field_quad(shape, tile);
        tile.mask = first as u32 + tile.source / 2;
    });
    work("delta_merge", program(words, [(Kernel::DeltaMerge, tiles)], 0), 3.125 * bytes(shape), MOVES)
}

fn compare(shape: Shape, _: &mut Random) -> Work {
    let answer = 4 + shape.page_bytes.div_ceil(8192);
    let tiles = shape.tiles(0, |page, tile| {
        tile.source = tile.target + shape.field_quads();
        tile.result = page * answer;
    });
    let program = program(Vec::new(), [(Kernel::PageCompare, tiles)], answer * shape.page_count());
    work("page_compare", program, 2.0 * bytes(shape), MOVES)
}

/// Both halves: counting, and writing down. One tile in a hundred differs, in eight words.
fn diff(shape: Shape, _: &mut Random) -> Work {
    let mut tiles = shape.tiles(0, |_, tile| tile.source = tile.target + shape.field_quads());
    (0..).zip(&mut tiles).for_each(|(index, tile)| tile.result = index);
    let counts = tiles.len() as u32;
    let changes = shape.changes();
    let mut dirty: Vec<Tile> = Vec::new();
    for (index, word) in (0..).zip(&changes) {
        let tile = tiles[(word / 4 / tiles[0].count) as usize];
        if dirty.last().is_none_or(|last| last.target != tile.target) {
            dirty.push(Tile { result: counts + index * 2, ..tile });
        }
    }
    let dirty_bytes = f64::from(dirty.len() as u32 * tiles[0].count * 16);
    let floor = 2.0 * bytes(shape) + 2.0 * dirty_bytes + 8.0 * changes.len() as f64;
    let kernels = [(Kernel::SnapshotDiffCount, tiles), (Kernel::SnapshotDiffEmit, dirty)];
    let program = program(Vec::new(), kernels, counts + changes.len() as u32 * 2);
    work("snapshot_diff", program, floor, [0.7, 0.7])
}

fn fingerprint(shape: Shape, _: &mut Random) -> Work {
    let tiles = shape.tiles(0, |page, tile| tile.result = page * 4);
    let program = program(Vec::new(), [(Kernel::PageFingerprint, tiles)], shape.page_count() * 4);
    work("page_fingerprint", program, bytes(shape), [0.85, 0.85])
}

/// Hashing is bound by arithmetic: no share of a copy's speed is asked of it.
fn blake3(shape: Shape, _: &mut Random) -> Work {
    let of_page = shape.page_bytes / 1024;
    let chunks = (0..shape.field_bytes / 1024).map(|chunk| {
        let (offset, inputs) = (chunk % of_page, of_page);
        Tile {
            target: chunk * 64,
            count: 64,
            offset,
            result: chunk * 8,
            mask: 1024,
            inputs,
            ..Tile::default()
        }
    });
    let roots = (0..shape.page_count()).map(|page| Tile {
        result: page * of_page * 8,
        inputs: of_page,
        ..Tile::default()
    });
    let kernels = [(Kernel::PageBlake3Chunks, chunks.collect()), (Kernel::PageBlake3Roots, roots.collect())];
    let program = program(Vec::new(), kernels, shape.field_bytes / 1024 * 8);
    work("page_blake3", program, bytes(shape), [0.0, 0.0])
}

/// One page of two.
fn propagate(shape: Shape, _: &mut Random) -> Work {
    let page_quads = shape.page_bytes / 16;
    let inputs = (0..shape.page_count()).flat_map(|page| {
        let first = page * page_quads;
        [first, 1, 0, 0, first + shape.field_quads(), 1, 0, 0]
    });
    let words = inputs.collect();
    let tiles = shape.tiles(2, |page, tile| (tile.source, tile.inputs) = (page * 2, 2));
    let program = program(words, [(Kernel::Propagate(Combine::Xor), tiles)], 0);
    work("propagate, 2 inputs", program, 3.0 * bytes(shape), MOVES)
}

fn bytes(shape: Shape) -> f64 {
    f64::from(shape.field_bytes)
}

/// Returns which quad of its field a tile of the third one begins with.
const fn field_quad(shape: Shape, tile: &Tile) -> u32 {
    tile.target - 2 * shape.field_quads()
}
