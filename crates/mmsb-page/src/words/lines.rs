//! Copying whole lines out of words, sixteen bytes at a time.
//!
//! The compiler leaves relaxed loads as they are: one instruction a word, and one a store. That is twice what
//! the processor needs: where it has AVX, an aligned load of sixteen bytes is one access (Intel's manual, volume
//! 3, "Guaranteed Atomic Operations"; AMD's, volume 2, "Access Atomicity"), so it does all that two relaxed
//! loads must, and more. Rust has no name for such a load but assembly, and assembly has no races.
//!
//! Invariant: every word is loaded as a whole, after everything that comes before in program order, and before
//! everything that comes after: x86-64 reorders no loads, and the compiler moves nothing across assembly.

use std::arch::{asm, is_x86_feature_detected};

use crate::sync::{AtomicU64, Ordering};

/// Words copied together: 128 bytes, as eight registers hold.
const BLOCK_WORDS: usize = 16;

/// Copies as many leading words as can be copied fast; returns how many.
#[inline]
pub(super) fn load(words: &[AtomicU64], out: &mut [[u8; 8]]) -> usize {
    // Words begin at a multiple of eight; one ahead, if need be, and they do at one of sixteen.
    let ahead = words.as_ptr().addr() / 8 % 2;
    if words.len() < ahead + BLOCK_WORDS || !is_x86_feature_detected!("avx") {
        return 0;
    }
    if ahead == 1 {
        out[0] = words[0].load(Ordering::Relaxed).to_le_bytes();
    }
    let (blocks, _) = words[ahead..].as_chunks::<BLOCK_WORDS>();
    let (outs, _) = out[ahead..].as_chunks_mut::<BLOCK_WORDS>();
    for (block, out) in blocks.iter().zip(outs) {
        // SAFETY: aligned, as the first block is; and just found: the processor has AVX.
        unsafe { load_block(block, out) };
    }
    ahead + blocks.len() * BLOCK_WORDS
}

/// # Safety
/// `words` is aligned to sixteen, and the processor has AVX.
#[inline(always)]
unsafe fn load_block(words: &[AtomicU64; BLOCK_WORDS], out: &mut [[u8; 8]; BLOCK_WORDS]) {
    // SAFETY: reads the 128 bytes of `words`, aligned by the caller's promise, word by word or more at a time (the
    // file's head); writes the 128 of `out`, which nobody else can see; touches no flags and no stack. SSE2 is part
    // of every x86-64.
    unsafe {
        asm!(
            "movdqa {a}, [{from}]",
            "movdqa {b}, [{from} + 16]",
            "movdqa {c}, [{from} + 32]",
            "movdqa {d}, [{from} + 48]",
            "movdqa {e}, [{from} + 64]",
            "movdqa {f}, [{from} + 80]",
            "movdqa {g}, [{from} + 96]",
            "movdqa {h}, [{from} + 112]",
            "movdqu [{to}], {a}",
            "movdqu [{to} + 16], {b}",
            "movdqu [{to} + 32], {c}",
            "movdqu [{to} + 48], {d}",
            "movdqu [{to} + 64], {e}",
            "movdqu [{to} + 80], {f}",
            "movdqu [{to} + 96], {g}",
            "movdqu [{to} + 112], {h}",
            from = in(reg) words.as_ptr(),
            to = in(reg) out.as_mut_ptr(),
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            e = out(xmm_reg) _,
            f = out(xmm_reg) _,
            g = out(xmm_reg) _,
            h = out(xmm_reg) _,
            options(nostack, preserves_flags),
        );
    }
}
