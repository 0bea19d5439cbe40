//! Twin of `page_blake3.wgsl`: BLAKE3 (<https://github.com/BLAKE3-team/BLAKE3-specs>) of pages.
//!
//! Chunks of 1024 bytes are hashed each for itself. Hashes of neighbours are then joined, level by level, and one
//! without a neighbour goes up as it is; that is the tree that BLAKE3 has, in which the left side is full.

use super::Host;
use crate::{Dispatch, Program, Tile};

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

const IV: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Which word of the message comes where in the next round.
const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

/// The words that each of a round's eight steps mixes: columns, then diagonals.
const STEPS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

pub(super) fn chunks(host: &Host, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        let words = host.quads(dispatch.target, tile.target, tile.count).as_flattened();
        answer[tile.result as usize..][..8].copy_from_slice(&chunk(tile, words));
    }
}

pub(super) fn roots(program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
    for tile in program.tiles_of(dispatch) {
        let hashes = &mut answer[tile.result as usize..][..tile.inputs as usize * 8];
        let mut count = tile.inputs as usize;
        while count > 1 {
            count = join(hashes.as_chunks_mut().0, count);
        }
    }
}

/// Hashes a chunk: `mask` is its length in bytes, `offset` its number, `inputs` how many its page has.
fn chunk(tile: &Tile, words: &[u32]) -> [u32; 8] {
    let root = if tile.inputs == 1 { ROOT } else { 0 };
    let last = tile.mask.div_ceil(64).max(1) - 1;
    (0..=last).fold(IV, |hash, block| {
        let mut message = [0; 16];
        let rest = words.iter().skip(block as usize * 16);
        message.iter_mut().zip(rest).for_each(|(into, word)| *into = *word);
        let start = if block == 0 { CHUNK_START } else { 0 };
        let end = if block == last { CHUNK_END | root } else { 0 };
        let bytes = 64.min(tile.mask - block * 64);
        compress(&hash, message, tile.offset, bytes, start | end)
    })
}

/// Joins neighbours in place; returns how many hashes are left.
fn join(hashes: &mut [[u32; 8]], count: usize) -> usize {
    let flags = if count == 2 { PARENT | ROOT } else { PARENT };
    for pair in 0..count / 2 {
        let message = std::array::from_fn(|word| hashes[pair * 2 + word / 8][word % 8]);
        hashes[pair] = compress(&IV, message, 0, 64, flags);
    }
    if count % 2 == 1 {
        hashes[count / 2] = hashes[count - 1];
    }
    count.div_ceil(2)
}

fn compress(hash: &[u32; 8], mut message: [u32; 16], counter: u32, bytes: u32, flags: u32) -> [u32; 8] {
    let mut state = [0; 16];
    state[..8].copy_from_slice(hash);
    state[8..12].copy_from_slice(&IV[..4]);
    state[12..].copy_from_slice(&[counter, 0, bytes, flags]);
    for _ in 0..7 {
        for (step, places) in STEPS.iter().enumerate() {
            mix(&mut state, *places, message[step * 2], message[step * 2 + 1]);
        }
        message = PERMUTATION.map(|word| message[word]);
    }
    std::array::from_fn(|word| state[word] ^ state[word + 8])
}

fn mix(state: &mut [u32; 16], [a, b, c, d]: [usize; 4], first: u32, second: u32) {
    for (word, turn) in [(first, [16, 12]), (second, [8, 7])] {
        state[a] = state[a].wrapping_add(state[b]).wrapping_add(word);
        state[d] = (state[d] ^ state[a]).rotate_right(turn[0]);
        state[c] = state[c].wrapping_add(state[d]);
        state[b] = (state[b] ^ state[c]).rotate_right(turn[1]);
    }
}
