//! Twin of `page_compare.wgsl`: how many bytes differ, the first, and in which blocks of 256 bytes.

use super::Host;
use crate::{Dispatch, Program};

pub(super) fn run(host: &mut Host, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        let ours = host.quads(dispatch.target, tile.target, tile.count);
        let theirs = host.quads(dispatch.source, tile.source, tile.count);
        for (index, (one, other)) in (0..).zip(ours.iter().zip(theirs)) {
            note(tile.offset + index, one, other, &mut answer[tile.result as usize..]);
        }
    }
}

fn note(quad: u32, one: &[u32; 4], other: &[u32; 4], answer: &mut [u32]) {
    let bytes = |quad: &[u32; 4]| quad.map(u32::to_le_bytes);
    let (one, other) = (bytes(one), bytes(other));
    let pairs = one.as_flattened().iter().zip(other.as_flattened());
    for (byte, _) in (quad * 16..).zip(pairs).filter(|(_, (one, other))| one != other) {
        answer[0] += 1;
        answer[1] = answer[1].max(!byte);
        answer[4 + byte as usize / 8192] |= 1 << (byte / 256 % 32);
    }
}
