//! Twin of `page_fingerprint.wgsl`: four sums of mixed words. Each sum depends on all four words of a quad and on
//! where in its page the quad is; sums do not depend on who adds when.

use super::{Host, Quad};
use crate::{Dispatch, Program};

pub(super) fn run(host: &Host, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        let quads = host.quads(dispatch.target, tile.target, tile.count);
        for (index, quad) in (tile.offset..).zip(quads) {
            let sums = &mut answer[tile.result as usize..][..4];
            sums.iter_mut().zip(mixed(*quad, index)).for_each(|(sum, lane)| *sum = sum.wrapping_add(lane));
        }
    }
}

fn mixed(quad: Quad, index: u32) -> Quad {
    let key = mix(index.wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b);
    let first = keyed(quad, key);
    // Each lane takes from the three others before it is mixed again.
    let crossed = std::array::from_fn(|lane| {
        let turn = |by: usize| first[(lane + by) % 4];
        first[lane]
            .wrapping_add(turn(1).wrapping_mul(0x9e37_79b1))
            .wrapping_add(turn(2).wrapping_mul(0x85eb_ca77))
            .wrapping_add(turn(3).wrapping_mul(0xc2b2_ae3d))
    });
    keyed(crossed, key.rotate_left(16))
}

fn keyed(quad: Quad, key: u32) -> Quad {
    let keys = [key, key ^ 0x27d4_eb2f, key ^ 0x1656_67b1, key ^ 0x2545_f491];
    std::array::from_fn(|lane| mix(quad[lane] ^ keys[lane]))
}

/// Spreads a word's bits: every bit of it changes about half of the result's.
const fn mix(word: u32) -> u32 {
    let word = (word ^ (word >> 16)).wrapping_mul(0x7feb_352d);
    let word = (word ^ (word >> 15)).wrapping_mul(0x846c_a68b);
    word ^ (word >> 16)
}
