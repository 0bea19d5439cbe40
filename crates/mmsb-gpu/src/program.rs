//! A submission as plain data: the same for a device and for the host.
//!
//! Invariant: a dispatch's tiles or items lie in the program, and no two of one dispatch write the same word.

use std::ops::Range;

use crate::{Kernel, Place, WordOp};

/// Quads (four words, 16 bytes) of a tile, the work of one workgroup (16 KiB).
pub(crate) const TILE_QUADS: u32 = 1024;

/// What a workgroup works on: quads of one page. Eight words, as kernels read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Tile {
    /// First quad in the target's slab.
    pub target: u32,
    /// First quad of the source, in its slab or in the batch.
    pub source: u32,
    /// How many quads.
    pub count: u32,
    /// Which quad of its page the first one is.
    pub offset: u32,
    /// First word of what the kernel answers.
    pub result: u32,
    /// First word of the mask in the batch, or another number.
    pub mask: u32,
    /// How many inputs, or another number.
    pub inputs: u32,
    /// Makes it 32 bytes.
    pub pad: u32,
}

/// One run of one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// The kernel.
    pub kernel: Kernel,
    /// Slab that is written.
    pub target: u32,
    /// Slab that is read.
    pub source: u32,
    /// First tile, or first pair of words in the batch.
    pub first: u32,
    /// How many of them.
    pub count: u32,
}

/// What one submission does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Tiles of all dispatches.
    pub tiles: Vec<Tile>,
    /// The batch: what is sent along, in words; whole quads.
    pub words: Vec<u32>,
    /// What is run, in order.
    pub dispatches: Vec<Dispatch>,
    /// How many words the kernels answer. They are zero before.
    pub result_words: u32,
}

/// A tile and the slabs it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub target: u32,
    pub source: u32,
    pub tile: Tile,
}

impl Program {
    /// Adds a run of a kernel over tiles, one dispatch for each pair of slabs.
    pub(crate) fn push_tiles(&mut self, kernel: Kernel, mut pieces: Vec<Piece>) {
        pieces.sort_by_key(Piece::slabs);
        for group in pieces.chunk_by(|one, next| one.slabs() == next.slabs()) {
            let (target, source) = group[0].slabs();
            let (first, count) = (self.tiles.len() as u32, group.len() as u32);
            self.tiles.extend(group.iter().map(|piece| piece.tile));
            self.dispatches.push(Dispatch { kernel, target, source, first, count });
        }
    }

    /// Adds word ops of a slab.
    pub(crate) fn push_ops(&mut self, slab: u32, ops: &[WordOp]) {
        let first = (self.words.len() / 2) as u32;
        self.words.extend(ops.iter().flat_map(|op| [op.place, op.value]));
        self.fill_quad();
        let (kernel, count) = (Kernel::SparseDeltaApply, ops.len() as u32);
        self.dispatches.push(Dispatch { kernel, target: slab, source: slab, first, count });
    }

    /// Adds bytes to the batch, filled up with zeros to whole quads; returns its first quad.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> u32 {
        let first = self.words.len() as u32 / 4;
        let (words, tail) = bytes.as_chunks();
        self.words.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
        if !tail.is_empty() {
            let mut word = [0; 4];
            word[..tail.len()].copy_from_slice(tail);
            self.words.push(u32::from_le_bytes(word));
        }
        self.fill_quad();
        first
    }

    /// Takes words of the answer; returns the first one.
    pub(crate) fn answer(&mut self, words: u32) -> u32 {
        let first = self.result_words;
        self.result_words += words;
        first
    }

    /// Returns a dispatch's tiles.
    #[must_use]
    pub fn tiles_of(&self, dispatch: &Dispatch) -> &[Tile] {
        &self.tiles[dispatch.items()]
    }

    /// Returns a quad of the batch.
    #[inline]
    #[must_use]
    pub fn quad(&self, index: u32) -> [u32; 4] {
        self.words.as_chunks().0[index as usize]
    }

    fn fill_quad(&mut self) {
        self.words.resize(self.words.len().next_multiple_of(4), 0);
    }
}

#[cfg(feature = "device")]
impl Tile {
    /// Returns the fields as kernels see them.
    pub(crate) fn laid_out(&self) -> [u8; 32] {
        let Self { target, source, count, offset, result, mask, inputs, pad } = *self;
        let words = [target, source, count, offset, result, mask, inputs, pad].map(u32::to_le_bytes);
        std::array::from_fn(|byte| words[byte / 4][byte % 4])
    }
}

impl Dispatch {
    /// Returns columns and rows of workgroups, neither more than `most`, that together do all items; the last row may
    /// be too long.
    #[must_use]
    pub fn grid(&self, most: u32) -> (u32, u32) {
        let groups = self.count.div_ceil(self.kernel.items_per_group());
        let columns = groups.clamp(1, most);
        (columns, groups.div_ceil(columns).max(1))
    }

    pub(crate) const fn items(&self) -> Range<usize> {
        self.first as usize..self.first as usize + self.count as usize
    }
}

impl Piece {
    const fn slabs(&self) -> (u32, u32) {
        (self.target, self.source)
    }
}

/// Cuts a page's quads into tiles: the offset and count of each.
pub(crate) fn cut(place: Place) -> impl Iterator<Item = (u32, u32)> + use<> {
    let quads = place.page_bytes.div_ceil(16);
    let starts = (0..quads).step_by(TILE_QUADS as usize);
    starts.map(move |offset| (offset, TILE_QUADS.min(quads - offset)))
}

#[cfg(test)]
mod tests {
    use super::{Dispatch, Kernel};

    #[track_caller]
    fn check(count: u32, expect: (u32, u32)) {
        let dispatch = Dispatch { kernel: Kernel::PageZero, target: 0, source: 0, first: 0, count };
        assert_eq!(dispatch.grid(65_535), expect);
    }

    #[test]
    fn groups_fold_above_what_a_dimension_holds() {
        check(1, (1, 1));
        check(65_535, (65_535, 1));
        check(65_536, (65_535, 2));
        check(200_000, (65_535, 4));
    }
}
