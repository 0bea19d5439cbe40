//! Twin of `propagate.wgsl`: integers of pages combined to those of one.

use super::Host;
use crate::{Combine, Dispatch, Program, Tile};

pub(super) fn run(host: &mut Host, program: &Program, dispatch: &Dispatch, combine: Combine) {
    for tile in program.tiles_of(dispatch) {
        let sums = (0..tile.count).map(|index| combined(host, program, dispatch, combine, tile, index));
        let sums: Vec<[u32; 4]> = sums.collect();
        host.quads_mut(dispatch.target, tile.target, tile.count).copy_from_slice(&sums);
    }
}

fn combined(
    host: &Host,
    program: &Program,
    dispatch: &Dispatch,
    combine: Combine,
    tile: &Tile,
    index: u32,
) -> [u32; 4] {
    let kept = || host.quads(dispatch.target, tile.target + index, 1)[0];
    let mut sum = if tile.mask == 1 { kept() } else { [combine.identity(); 4] };
    for input in 0..tile.inputs {
        let [first, factor, ..] = program.quad(tile.source + input);
        let quad = host.quads(dispatch.source, first + tile.offset + index, 1)[0];
        sum = std::array::from_fn(|lane| combine.fold(sum[lane], quad[lane], factor));
    }
    sum
}
