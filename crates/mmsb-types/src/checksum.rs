//! CRC-32C (Castagnoli): the checksum of everything MMSB writes.
//!
//! Short inputs go through the processor's own instruction, three dependent cycles per word; long
//! ones through `crc-fast`, which folds with carry-less multiplication. Both give the same number.
//!
//! Invariant: `crc32c_append(crc32c(a), b) == crc32c(a ++ b)`, whatever path each part takes.

#[cfg(test)]
mod tests;

/// Inputs of up to this many bytes take the processor's instruction.
const INLINE_BYTES_MAX: usize = 256;

/// Returns the CRC-32C of `bytes`.
///
/// # Cost
/// About 5 ns for 72 bytes; tens of GB/s for long inputs on a current x86-64.
#[inline]
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc32c_append(0, bytes)
}

/// Returns the CRC-32C of the bytes behind `crc` followed by `bytes`.
#[inline]
#[must_use]
pub fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    if cfg!(miri) {
        return portable(crc, bytes);
    }
    if bytes.len() <= INLINE_BYTES_MAX
        && let Some(crc) = hardware(crc, bytes)
    {
        return crc;
    }
    folded(crc, bytes)
}

/// Returns the CRC-32C of the four bytes of `head` followed by those of `words`, little-endian all of them.
///
/// # Cost
/// For the seven words of a cache line about 6 ns, nothing but the instruction's own time.
#[inline]
#[must_use]
pub fn crc32c_words<const COUNT: usize>(head: u32, words: &[u64; COUNT]) -> u32 {
    if !cfg!(miri)
        && let Some(crc) = hardware_words(head, words)
    {
        return crc;
    }
    let crc = crc32c(&head.to_le_bytes());
    words.iter().fold(crc, |crc, word| crc32c_append(crc, &word.to_le_bytes()))
}

#[cfg(feature = "std")]
fn folded(crc: u32, bytes: &[u8]) -> u32 {
    use crc_fast::{CrcAlgorithm, Digest};
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(!crc));
    digest.update(bytes);
    digest.finalize() as u32
}

#[cfg(not(feature = "std"))]
fn folded(crc: u32, bytes: &[u8]) -> u32 {
    hardware(crc, bytes).unwrap_or_else(|| portable(crc, bytes))
}

/// What one byte does to the register, for each of its values.
const TABLE: [u32; 256] = {
    const POLYNOMIAL_REVERSED: u32 = 0x82f6_3b78;
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let mut register = value as u32;
        let mut bit = 0;
        while bit < 8 {
            register = (register >> 1) ^ (POLYNOMIAL_REVERSED & (register & 1).wrapping_neg());
            bit += 1;
        }
        table[value] = register;
        value += 1;
    }
    table
};

/// One byte at a time: what the others are checked against, and what runs everywhere.
fn portable(crc: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!crc, |register, &byte| (register >> 8) ^ TABLE[usize::from(register as u8 ^ byte)])
}

#[cfg(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2")))]
#[inline]
fn hardware(crc: u32, bytes: &[u8]) -> Option<u32> {
    #[cfg(feature = "std")]
    let present = std::is_x86_feature_detected!("sse4.2");
    #[cfg(not(feature = "std"))]
    let present = true;
    // SAFETY: SSE4.2, the only thing the function needs, was just found (or is a build-time given).
    present.then(|| unsafe { sse42(crc, bytes) })
}

#[cfg(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2")))]
#[inline]
fn hardware_words<const COUNT: usize>(head: u32, words: &[u64; COUNT]) -> Option<u32> {
    #[cfg(feature = "std")]
    let present = std::is_x86_feature_detected!("sse4.2");
    #[cfg(not(feature = "std"))]
    let present = true;
    // SAFETY: SSE4.2, the only thing the function needs, was just found (or is a build-time given).
    present.then(|| unsafe { sse42_words(head, words) })
}

#[cfg(not(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2"))))]
fn hardware(_crc: u32, _bytes: &[u8]) -> Option<u32> {
    None
}

#[cfg(not(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2"))))]
fn hardware_words<const COUNT: usize>(_head: u32, _words: &[u64; COUNT]) -> Option<u32> {
    None
}

#[cfg(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2")))]
#[target_feature(enable = "sse4.2")]
fn sse42(crc: u32, bytes: &[u8]) -> u32 {
    use core::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u32, _mm_crc32_u64};
    let (words, rest) = bytes.as_chunks::<8>();
    let wide = words.iter().fold(u64::from(!crc), |r, word| _mm_crc32_u64(r, u64::from_le_bytes(*word)));
    let (halves, rest) = rest.as_chunks::<4>();
    let whole = halves.iter().fold(wide as u32, |r, half| _mm_crc32_u32(r, u32::from_le_bytes(*half)));
    !rest.iter().fold(whole, |r, &byte| _mm_crc32_u8(r, byte))
}

#[cfg(all(target_arch = "x86_64", any(feature = "std", target_feature = "sse4.2")))]
#[target_feature(enable = "sse4.2")]
fn sse42_words<const COUNT: usize>(head: u32, words: &[u64; COUNT]) -> u32 {
    use core::arch::x86_64::{_mm_crc32_u32, _mm_crc32_u64};
    let head = u64::from(_mm_crc32_u32(!0, head));
    !(words.iter().fold(head, |register, &word| _mm_crc32_u64(register, word)) as u32)
}
