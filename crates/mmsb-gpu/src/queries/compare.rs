//! Two pages compared.

use crate::{GpuError, Kernel, PageHandle, Program, Slabs, Tile, program::Piece};

/// Words of the answer before the bits of blocks.
const HEAD_WORDS: u32 = 4;
/// Bytes of a block, of which the answer has one bit.
const BLOCK_BYTES: u32 = 256;

/// How two pages differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many bytes differ.
    pub different_bytes: u32,
    /// Offset of the first one.
    pub first: Option<u32>,
    blocks: Vec<u32>,
}

impl Comparison {
    /// Tells whether the pages are equal.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.different_bytes == 0
    }

    /// Returns where blocks of 256 bytes begin in which a byte differs, by rising offset.
    pub fn dirty_blocks(&self) -> impl Iterator<Item = u32> + '_ {
        let blocks = 0..self.blocks.len() as u32 * 32;
        blocks
            .filter(|block| self.blocks[*block as usize / 32] >> (block % 32) & 1 == 1)
            .map(|b| b * BLOCK_BYTES)
    }

    /// Reads a kernel's answers, which end at these words.
    pub(crate) fn all(answer: &[u32], ends: &[usize]) -> Vec<Self> {
        let starts = [0].into_iter().chain(ends.iter().copied());
        starts.zip(ends).map(|(start, end)| Self::of(&answer[start..*end])).collect()
    }

    /// Reads a kernel's answer: how many, the first one's complement, and bits.
    fn of(answer: &[u32]) -> Self {
        let different_bytes = answer[0];
        let first = (different_bytes > 0).then_some(!answer[1]);
        Self { different_bytes, first, blocks: answer[HEAD_WORDS as usize..].to_vec() }
    }
}

/// Asks how pairs of pages differ; returns where each answer ends.
pub(crate) fn compare(
    slabs: &Slabs,
    pairs: &[(PageHandle, PageHandle)],
) -> Result<(Program, Vec<usize>), GpuError> {
    let mut program = Program::default();
    let (mut pieces, mut ends) = (Vec::new(), Vec::new());
    for (page, other) in pairs {
        let tiles = super::both(slabs, *page, *other)?;
        let result = program.answer(HEAD_WORDS + slabs.find(*page)?.page_bytes.div_ceil(BLOCK_BYTES * 32));
        ends.push(program.result_words as usize);
        pieces.extend(tiles.map(|piece| Piece { tile: Tile { result, ..piece.tile }, ..piece }));
    }
    program.push_tiles(Kernel::PageCompare, pieces);
    Ok((program, ends))
}
