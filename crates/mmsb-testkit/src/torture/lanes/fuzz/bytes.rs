//! Small changes to bytes: those that parsers get wrong.

use crate::Rng;

/// Lengths, counts and ids at the edges of their types.
const EDGES: [u64; 18] = [
    0,
    1,
    7,
    8,
    0x1f,
    0x20,
    0x3f,
    0x40,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    1 << 56,
    u64::MAX,
];
const CHANGES_MAX: usize = 4;
const BYTES_MAX: usize = 1 << 16;

/// Changes `bytes` in a few places; `others` are spliced in.
pub(super) fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Rng) {
    for _ in 0..=dice.below(CHANGES_MAX) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(10) {
            0..=2 => overwrite(bytes, at, &[1 << dice.below(8)], true),
            3 => overwrite(bytes, at, &[dice.any() as u8], false),
            4 | 5 => {
                let (edge, width) = (dice.pick(&EDGES), dice.pick(&[1, 2, 4, 8]));
                let at = if dice.once_in(2) { at & !(width - 1) } else { at };
                overwrite(bytes, at, &edge.to_le_bytes()[..width], false);
            }
            6 => bytes.truncate(at),
            7 => {
                let other = dice.pick(others);
                let from = dice.below(other.len() + 1);
                let until = from + dice.below(other.len() - from + 1);
                bytes.splice(at..at, other[from..until].iter().copied());
            }
            8 => {
                let until = at + dice.below(bytes.len() - at + 1);
                bytes.drain(at..until);
            }
            _ => {
                let until = at + dice.below((bytes.len() - at).min(64) + 1);
                bytes[at..until].fill(0);
            }
        }
        bytes.truncate(BYTES_MAX);
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8], is_flip: bool) {
    for (byte, &with) in bytes[at..].iter_mut().zip(with) {
        *byte = if is_flip { *byte ^ with } else { with };
    }
}
