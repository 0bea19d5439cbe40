//! Limits of memory and processor. Every loop's result goes through `black_box`, or it would not be run.

use std::hint::black_box;

use anyhow::Result;
use mmsb_types::crc32c;

use crate::{Context, Sample, pages::Change, shadow::Shadow};

/// Bytes that no cache of today holds (256 MiB), and enough for a quick run (64 MiB).
const DRAM_BYTES: [usize; 2] = [256 << 20, 64 << 20];
/// Bytes that go through a cached loop in one repeat.
const CACHED_BYTES: usize = 64 << 20;
/// Bytes of the pieces of a cached loop together, source and target each: half of a small first cache.
const NEAR_BYTES: usize = 8 << 10;
const CHANGES: usize = 1 << 20;

pub fn copy_dram(context: &mut Context) -> Result<Sample> {
    let source = vec![1_u8; DRAM_BYTES[usize::from(context.quick())]];
    let mut target = vec![2_u8; source.len()];
    Sample::gigabytes(context.repeats(), source.len() as u64, || {
        target.copy_from_slice(black_box(&source));
        black_box(&mut target);
        Ok(())
    })
}

pub fn read_dram(context: &mut Context) -> Result<Sample> {
    let source = vec![1_u64; DRAM_BYTES[usize::from(context.quick())] / 8];
    Sample::gigabytes(context.repeats(), source.len() as u64 * 8, || {
        black_box(black_box(&source).iter().fold(0, |sum: u64, word| sum.wrapping_add(*word)));
        Ok(())
    })
}

pub fn copy_cached(context: &mut Context, bytes: usize) -> Result<Sample> {
    let source = context.random().bytes(NEAR_BYTES.max(bytes) / bytes * bytes);
    let mut target = vec![0; source.len()];
    let rounds = CACHED_BYTES / source.len();
    Sample::gigabytes(context.repeats(), (rounds * source.len()) as u64, || {
        for _ in 0..rounds {
            for (from, to) in source.chunks_exact(bytes).zip(target.chunks_exact_mut(bytes)) {
                black_box(to).copy_from_slice(black_box(from));
            }
        }
        Ok(())
    })
}

pub fn checksum(context: &mut Context, bytes: usize) -> Result<Sample> {
    let source = context.random().bytes(NEAR_BYTES.max(bytes) / bytes * bytes);
    let rounds = CACHED_BYTES / source.len();
    Sample::gigabytes(context.repeats(), (rounds * source.len()) as u64, || {
        for _ in 0..rounds {
            source.chunks_exact(bytes).for_each(|piece| {
                black_box(crc32c(black_box(piece)));
            });
        }
        Ok(())
    })
}

pub fn scatter(context: &mut Context, pages: usize) -> Result<Sample> {
    let changes = if context.quick() { CHANGES / 4 } else { CHANGES };
    let changes = Change::many(&mut context.random(), changes, pages);
    let mut shadow = Shadow::new(pages);
    Sample::nanoseconds(context.repeats(), changes.len() as u64, || {
        shadow.apply(black_box(&changes));
        Ok(())
    })
}
