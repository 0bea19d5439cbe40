//! Masks made with 64-bit words: what runs everywhere, and what the others are checked against.

use mmsb_types::Span;

use super::runs::{BLOCK_BYTES, Runs};

/// Appends where `old` and `new`, equally long, differ.
pub(super) fn diff_runs(old: &[u8], new: &[u8], out: &mut Vec<Span>) {
    let mut runs = Runs::new(out);
    let ((old, old_rest), (new, new_rest)) = (old.as_chunks(), new.as_chunks());
    let mut base = 0;
    for (old, new) in old.iter().zip(new) {
        if old != new {
            runs.block(base, mask(old, new));
        }
        base += BLOCK_BYTES as u32;
    }
    runs.block(base, short_mask(old_rest, new_rest));
    runs.finish();
}

/// The mask of two slices of one length below 64.
#[inline]
pub(super) fn short_mask(old: &[u8], new: &[u8]) -> u64 {
    let ((old_words, old_rest), (new_words, new_rest)) = (old.as_chunks(), new.as_chunks());
    let rest =
        old_rest.iter().zip(new_rest).rev().fold(0, |mask, (old, new)| mask << 1 | u64::from(old != new));
    words_mask(old_words, new_words) | rest << (8 * old_words.len())
}

fn mask(old: &[u8; BLOCK_BYTES], new: &[u8; BLOCK_BYTES]) -> u64 {
    words_mask(old.as_chunks().0, new.as_chunks().0)
}

/// The mask of eight words at most.
#[inline(always)]
fn words_mask(old: &[[u8; 8]], new: &[[u8; 8]]) -> u64 {
    old.iter().zip(new).enumerate().fold(0, |mask, (index, (old, new))| {
        let differs = u64::from_le_bytes(*old) ^ u64::from_le_bytes(*new);
        mask | nonzero_bytes(differs) << (8 * index)
    })
}

/// Bit `i` of the eight tells that byte `i` of the word is not zero.
fn nonzero_bytes(word: u64) -> u64 {
    const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // A byte's top bit is set if it was, or if its low bits are not all zero; no carry leaves a byte.
    let tops = (((word & LOW_SEVEN) + LOW_SEVEN) | word) & !LOW_SEVEN;
    // The product moves the eight bits, 8 apart, into the top byte, where no two meet.
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
