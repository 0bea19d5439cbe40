//! What makes one page of another: words that differ are counted, placed, and written down.
//!
//! The host places them, by the sums of the counts: so the same pages give the same answer, and tiles in which
//! nothing differs are not looked at again.

use mmsb_delta::Delta;

use crate::{GpuError, Kernel, PageHandle, Program, Slabs, Tile, WordOp, program::Piece};

/// Asks how many words differ in each tile; returns how many tiles each pair has.
pub(crate) fn diff_count(
    slabs: &Slabs,
    pairs: &[(PageHandle, PageHandle)],
) -> Result<(Program, Vec<usize>), GpuError> {
    let mut program = Program::default();
    let (mut pieces, mut tile_counts) = (Vec::new(), Vec::new());
    for (old, new) in pairs {
        let first = pieces.len();
        pieces.extend(super::both(slabs, *new, *old)?);
        tile_counts.push(pieces.len() - first);
    }
    program.answer(pieces.len() as u32);
    (0..).zip(&mut pieces).for_each(|(index, piece)| piece.tile.result = index);
    program.push_tiles(Kernel::SnapshotDiffCount, pieces);
    Ok((program, tile_counts))
}

/// Asks for the words that differ, each in the place that the counts give it: tile behind tile, as they were asked.
pub(crate) fn diff_emit(asked: &Program, counts: &[u32]) -> Program {
    let mut program = Program::default();
    let places: Vec<u32> = counts.iter().map(|count| program.answer(count * 2)).collect();
    for dispatch in &asked.dispatches {
        let dirty = asked.tiles_of(dispatch).iter().filter(|tile| counts[tile.result as usize] > 0);
        let pieces = dirty.map(|tile| {
            let tile = Tile { result: places[tile.result as usize], ..*tile };
            Piece { target: dispatch.target, source: dispatch.source, tile }
        });
        let pieces = pieces.collect();
        program.push_tiles(Kernel::SnapshotDiffEmit, pieces);
    }
    program
}

/// Reads each pair's words that differ as a delta.
pub(crate) fn deltas(mut answer: &[u32], mut counts: &[u32], tile_counts: &[usize]) -> Vec<Delta> {
    let deltas = tile_counts.iter().map(|tiles| {
        let (own, others) = counts.split_at(*tiles);
        let (words, rest) = answer.split_at(own.iter().sum::<u32>() as usize * 2);
        (counts, answer) = (others, rest);
        delta(words)
    });
    deltas.collect()
}

/// Reads words that differ as a delta. Words rise, so every run is behind all others.
fn delta(answer: &[u32]) -> Delta {
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
