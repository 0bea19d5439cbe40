//! Twin of `page_copy.wgsl`: quads of a slab, or of the batch, become quads of a slab.

use super::Host;
use crate::{Dispatch, Program};

pub(super) fn from_slab(host: &mut Host, program: &Program, dispatch: &Dispatch) {
    for tile in program.tiles_of(dispatch) {
        let quads = host.quads(dispatch.source, tile.source, tile.count).to_vec();
        host.quads_mut(dispatch.target, tile.target, tile.count).copy_from_slice(&quads);
    }
}

pub(super) fn from_batch(host: &mut Host, program: &Program, dispatch: &Dispatch) {
    for tile in program.tiles_of(dispatch) {
        let quads = host.quads_mut(dispatch.target, tile.target, tile.count);
        (tile.source..).zip(quads).for_each(|(index, quad)| *quad = program.quad(index));
    }
}
