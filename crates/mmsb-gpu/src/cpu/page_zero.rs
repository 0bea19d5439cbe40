//! Twin of `page_zero.wgsl`: quads become zero.

use super::Host;
use crate::{Dispatch, Program};

pub(super) fn run(host: &mut Host, program: &Program, dispatch: &Dispatch) {
    for tile in program.tiles_of(dispatch) {
        host.quads_mut(dispatch.target, tile.target, tile.count).fill([0; 4]);
    }
}
