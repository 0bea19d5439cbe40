//! Small changes to bytes that were right.

use super::INPUT_BYTES_MAX;
use crate::Rng;

/// Where lengths, counts and numbers turn over.
const EDGES: [u64; 18] = [
    0,
    1,
    7,
    8,
    31,
    63,
    64,
    255,
    0x7fff,
    0xffff,
    0x00ff_ffff,
    0x0100_0001,
    0x3fff_ffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 40,
    1 << 56,
    u64::MAX,
];
/// Small steps up and down.
const NEAR: [u8; 8] = [1, 1, 1, 8, 64, 255, 255, 248];
const CHANGES_MAX: usize = 4;

/// Changes `bytes` in a few places; `others` are inputs from which parts may be taken.
pub fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Rng) {
    for _ in 0..=dice.below(CHANGES_MAX) {
        change(bytes, others, dice);
        bytes.truncate(INPUT_BYTES_MAX);
    }
}

fn change(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Rng) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(14) {
        0..=2 => put(&mut bytes[at..], &[1 << dice.below(8)], |old, flip| old ^ flip),
        3 => put(&mut bytes[at..], &[dice.any() as u8], |_, new| new),
        4 | 5 => put_edge(bytes, at, dice),
        // What is put right first.
        6 => put(bytes, &[dice.any() as u8], |_, new| new),
        7 => bytes.truncate(at),
        8 if !others.is_empty() => {
            let (other, at) = (dice.pick(others), at & !7);
            let from = dice.below(other.len() + 1) & !7;
            let until = from + dice.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        9 => drop(bytes.drain(at..at + dice.below(bytes.len() - at + 1))),
        10 => {
            let from = dice.below(bytes.len() + 1);
            let piece = bytes[from..bytes.len().min(from + 64)].to_vec();
            put(&mut bytes[at..], &piece, |_, new| new);
        }
        11 | 12 => put(&mut bytes[at..], &[dice.pick(&NEAR)], u8::wrapping_add),
        _ => {
            let until = at + dice.below((bytes.len() - at).min(64) + 1);
            bytes[at..until].fill(0);
        }
    }
}

/// A number at an edge, or beside one, in place of what is there.
fn put_edge(bytes: &mut [u8], at: usize, dice: &mut Rng) {
    let (edge, width) = (dice.pick(&EDGES), dice.pick(&[1, 2, 4, 8]));
    let number = edge.wrapping_add(dice.below(3) as u64).wrapping_sub(1);
    // Fields are aligned behind the byte that says what is put right.
    let at = if dice.once_in(3) { at } else { (at & !(width - 1)) + 1 };
    put(bytes.get_mut(at..).unwrap_or_default(), &number.to_le_bytes()[..width], |_, new| new);
}

fn put(bytes: &mut [u8], with: &[u8], how: impl Fn(u8, u8) -> u8) {
    bytes.iter_mut().zip(with).for_each(|(byte, &with)| *byte = how(*byte, with));
}
