//! Masks made with AVX2, found at run time.
//!
//! Blocks that are equal are passed over in groups of four with one branch each; the last block of a
//! page that is no multiple of 64 long is read so that it ends with the page.

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
};

use mmsb_types::Span;

use super::{
    portable::short_mask,
    runs::{BLOCK_BYTES, Runs},
};

type Block = [u8; BLOCK_BYTES];

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
    const GROUP: usize = 4;
    let mut runs = Runs::new(out);
    let (old_blocks, old_rest) = old.as_chunks::<BLOCK_BYTES>();
    let (new_blocks, new_rest) = new.as_chunks::<BLOCK_BYTES>();
    let (old_groups, old_ones) = old_blocks.as_chunks::<GROUP>();
    let (new_groups, new_ones) = new_blocks.as_chunks::<GROUP>();
    let mut base = 0;
    for (old, new) in old_groups.iter().zip(new_groups) {
        if !are_equal(old, new) {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                runs.block(base + (index * BLOCK_BYTES) as u32, mask(old, new));
            }
        }
        base += (GROUP * BLOCK_BYTES) as u32;
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

/// The mask of the last `rest_len` bytes, bit 0 being the first of them.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn last_mask(old: &[u8], new: &[u8], rest_len: usize, rest: (&[u8], &[u8])) -> u64 {
    match (old.last_chunk(), new.last_chunk()) {
        (Some(old), Some(new)) => mask(old, new) >> (BLOCK_BYTES - rest_len),
        _ => short_mask(rest.0, rest.1),
    }
}

#[target_feature(enable = "avx2")]
fn are_equal(old: &[Block; 4], new: &[Block; 4]) -> bool {
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
