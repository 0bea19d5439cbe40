//! Twin of `delta_merge.wgsl`: masked bytes of the batch over quads of a slab.

use super::{Host, byte_mask};
use crate::{Dispatch, Program, Tile};

pub(super) fn run(host: &mut Host, program: &Program, dispatch: &Dispatch) {
    for tile in program.tiles_of(dispatch) {
        let quads = host.quads_mut(dispatch.target, tile.target, tile.count);
        (0..).zip(quads).for_each(|(index, quad)| *quad = merged(program, tile, index, *quad));
    }
}

fn merged(program: &Program, tile: &Tile, index: u32, base: [u32; 4]) -> [u32; 4] {
    // A word of the mask serves two quads.
    let word = program.words[(tile.mask + index / 2) as usize];
    let bits = word >> (16 * (index % 2));
    let bytes = program.quad(tile.source + index);
    std::array::from_fn(|lane| {
        let mask = byte_mask(bits >> (4 * lane));
        (base[lane] & !mask) | (bytes[lane] & mask)
    })
}
