//! Masks made with AVX2, found at run time.
//!
//! Groups of four blocks that are equal, or differ so densely that they have no gap, are taken with a
//! branch or two; the last block of a page that is no multiple of 64 long is read so that it ends with
//! the page.

#[cfg(test)]
mod tests;

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_testz_si256,
};

use mmsb_types::{Span, limits::RUN_GAP_BYTES};

use super::{
    portable::short_mask,
    runs::{BLOCK_BYTES, Runs},
};

type Block = [u8; BLOCK_BYTES];
/// Blocks that are looked at together.
type Group = [Block; 4];

const GROUP_BYTES: usize = size_of::<Group>();
const _: () = assert!(RUN_GAP_BYTES == 8, "`no_word_is_equal` knows that a gap has eight bytes");

/// Appends where `old` and `new`, equally long, differ; `false` if this machine has no AVX2.
#[inline]
pub(super) fn diff_runs(old: &[u8], new: &[u8], out: &mut Vec<Span>) -> bool {
    if cfg!(miri) || !is_present() {
        return false;
    }
    // SAFETY: AVX2, BMI1, BMI2 and LZCNT, all that the function needs, were just found.
    unsafe { avx2(old, new, out) };
    true
}

fn is_present() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn avx2(old: &[u8], new: &[u8], out: &mut Vec<Span>) {
    let mut runs = Runs::new(out);
    let (old_blocks, old_rest) = old.as_chunks::<BLOCK_BYTES>();
    let (new_blocks, new_rest) = new.as_chunks::<BLOCK_BYTES>();
    let (old_groups, old_ones) = old_blocks.as_chunks();
    let (new_groups, new_ones) = new_blocks.as_chunks();
    let mut base = 0;
    for (old, new) in old_groups.iter().zip(new_groups) {
        take_group(base, old, new, &mut runs);
        base += GROUP_BYTES as u32;
    }
    for (old, new) in old_ones.iter().zip(new_ones) {
        runs.block(base, mask(old, new));
        base += BLOCK_BYTES as u32;
    }
    if !old_rest.is_empty() {
        runs.block(base, last_mask(old, new, old_rest.len(), (old_rest, new_rest)));
    }
    runs.finish();
}

/// Takes a group: at once if it is equal or has no gap, else block by block. Its ends tell which of
/// the two is worth a look.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn take_group(base: u32, old: &Group, new: &Group, runs: &mut Runs<'_>) {
    let (first, last) = (differs(old, new, 0), differs(old, new, GROUP_BYTES - 4));
    if first | last == 0 && are_equal(old, new) {
        return;
    }
    if first != 0 && last != 0 && no_word_is_equal(old, new) {
        let end = base + GROUP_BYTES as u32 - last.leading_zeros() / 8;
        return runs.dense(base + first.trailing_zeros() / 8, end);
    }
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        runs.block(base + (index * BLOCK_BYTES) as u32, mask(old, new));
    }
}

/// Which bits differ in the four bytes at `at`.
#[inline(always)]
fn differs(old: &Group, new: &Group, at: usize) -> u32 {
    let word = |group: &Group| {
        let bytes = group.as_flattened();
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    word(old) ^ word(new)
}

/// Tells whether every aligned word of four bytes differs. Eight equal bytes hold such a word wherever
/// they lie, so there is then no gap in the group.
#[target_feature(enable = "avx2")]
fn no_word_is_equal(old: &Group, new: &Group) -> bool {
    let (old, new) = (old.as_flattened().as_chunks().0, new.as_flattened().as_chunks().0);
    let equal = old.iter().zip(new).map(|(old, new)| _mm256_cmpeq_epi32(load(old), load(new)));
    let some = equal.reduce(|one, other| _mm256_or_si256(one, other));
    some.is_none_or(|some| _mm256_testz_si256(some, some) == 1)
}

/// The mask of the last `rest_len` bytes, bit 0 being the first of them.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn last_mask(old: &[u8], new: &[u8], rest_len: usize, rest: (&[u8], &[u8])) -> u64 {
    match (old.last_chunk(), new.last_chunk()) {
        (Some(old), Some(new)) => mask(old, new) >> (BLOCK_BYTES - rest_len),
        _ => short_mask(rest.0, rest.1),
    }
}

#[target_feature(enable = "avx2")]
fn are_equal(old: &Group, new: &Group) -> bool {
    let blocks = old.iter().zip(new);
    let equal = blocks.map(|(old, new)| {
        let (low, high) = equal_bytes(old, new);
        _mm256_and_si256(low, high)
    });
    equal.reduce(|one, other| _mm256_and_si256(one, other)).is_none_or(|all| _mm256_movemask_epi8(all) == -1)
}

#[target_feature(enable = "avx2")]
fn mask(old: &Block, new: &Block) -> u64 {
    let (low, high) = equal_bytes(old, new);
    let low = _mm256_movemask_epi8(low) as u32;
    let high = _mm256_movemask_epi8(high) as u32;
    !(u64::from(low) | u64::from(high) << 32)
}

/// All ones in each byte of the block that is equal in both.
#[target_feature(enable = "avx2")]
fn equal_bytes(old: &Block, new: &Block) -> (__m256i, __m256i) {
    let (old, new) = (old.as_chunks::<32>().0, new.as_chunks::<32>().0);
    (_mm256_cmpeq_epi8(load(&old[0]), load(&new[0])), _mm256_cmpeq_epi8(load(&old[1]), load(&new[1])))
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the reference is valid for 32 bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
