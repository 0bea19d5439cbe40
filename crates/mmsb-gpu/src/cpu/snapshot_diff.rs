//! Twin of `snapshot_diff.wgsl`: words that differ, counted and written down as word ops of the page.

use super::{Host, Quad};
use crate::{Dispatch, Program, Tile, WordOp};

pub(super) fn count(host: &Host, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        answer[tile.result as usize] += changed(host, dispatch, tile).count() as u32;
    }
}

pub(super) fn emit(host: &Host, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        let places = answer[tile.result as usize..].as_chunks_mut().0;
        for (op, place) in changed(host, dispatch, tile).zip(places) {
            *place = [op.place, op.value];
        }
    }
}

/// The words of a tile that differ, by rising place in their page.
fn changed(host: &Host, dispatch: &Dispatch, tile: &Tile) -> impl Iterator<Item = WordOp> {
    let new = words(host.quads(dispatch.target, tile.target, tile.count));
    let old = words(host.quads(dispatch.source, tile.source, tile.count));
    let changed = (tile.offset * 4..).zip(new.zip(old)).filter(|(_, (new, old))| new != old);
    changed.map(|(word, (new, old))| WordOp::new(word, differing_bytes(new ^ old), new))
}

fn words(quads: &[Quad]) -> impl Iterator<Item = u32> {
    quads.as_flattened().iter().copied()
}

fn differing_bytes(bits: u32) -> u32 {
    (0..4).filter(|byte| (bits >> (8 * byte)) & 255 != 0).fold(0, |mask, byte| mask | (1 << byte))
}
