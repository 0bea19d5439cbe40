//! What makes one page of another: words that differ are counted, placed, and written down.
//!
//! The host places them, by the sums of the counts: so the same pages give the same answer, and tiles in which
//! nothing differs are not looked at again.

use mmsb_delta::Delta;

use crate::{GpuError, Kernel, PageHandle, Program, Slabs, Tile, WordOp, program::Piece};

/// Asks how many words differ in each tile.
pub(crate) fn diff_count(slabs: &Slabs, old: PageHandle, new: PageHandle) -> Result<Program, GpuError> {
    let mut program = Program::default();
    let mut pieces = super::both(slabs, new, old)?;
    program.answer(pieces.len() as u32);
    (0..).zip(&mut pieces).for_each(|(index, piece)| piece.tile.result = index);
    program.push_tiles(Kernel::SnapshotDiffCount, pieces);
    Ok(program)
}

/// Asks for the words that differ, each in the place that the counts give it.
pub(crate) fn diff_emit(asked: &Program, counts: &[u32]) -> Program {
    let mut program = Program::default();
    for dispatch in &asked.dispatches {
        let counted = asked.tiles_of(dispatch).iter().map(|tile| (tile, counts[tile.result as usize]));
        let dirty = counted.filter(|(_, count)| *count > 0);
        let pieces = dirty.map(|(tile, count)| {
            let result = program.result_words;
            program.result_words += count * 2;
            let tile = Tile { result, ..*tile };
            Piece { target: dispatch.target, source: dispatch.source, tile }
        });
        let pieces = pieces.collect();
        program.push_tiles(Kernel::SnapshotDiffEmit, pieces);
    }
    program
}

/// Reads words that differ as a delta. Words rise, so every run is behind all others.
pub(crate) fn delta(answer: &[u32]) -> Delta {
    let mut delta = Delta::default();
    for &[place, value] in answer.as_chunks().0 {
        let op = WordOp { place, value };
        let (bytes, mut mask) = (value.to_le_bytes(), op.mask());
        while mask != 0 {
            let start = mask.trailing_zeros();
            let len = (mask >> start).trailing_ones();
            delta.overwrite(op.word() * 4 + start, &bytes[start as usize..(start + len) as usize]);
            mask &= !(((1 << len) - 1) << start);
        }
    }
    delta
}
