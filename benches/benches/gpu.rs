//! mmsb-gpu at the keyboard: how many deltas of 8 bytes does a core coalesce, in three orders?

use benches::Random;
use divan::{Bencher, counter::ItemsCount};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{Coalescer, CpuOps, PageHandle, PageOps};
use mmsb_types::PageId;

const PAGE_BYTES: u32 = 4096;
const PAGE_COUNT: u64 = 16_384;
const DELTAS: u64 = 100_000;

fn main() {
    divan::main();
}

/// Anywhere in 64 MiB.
#[divan::bench]
fn coalesce_uniform(bencher: Bencher<'_, '_>) {
    let mut random = Random::new(1);
    coalesce(bencher, (0..DELTAS).map(|_| place(random.below(PAGE_COUNT as usize * 4089))).collect());
}

/// Anywhere, by rising place.
#[divan::bench]
fn coalesce_sorted(bencher: Bencher<'_, '_>) {
    let mut random = Random::new(1);
    let mut places: Vec<_> = (0..DELTAS).map(|_| place(random.below(PAGE_COUNT as usize * 4089))).collect();
    places.sort_unstable();
    coalesce(bencher, places);
}

/// In 64 pages.
#[divan::bench]
fn coalesce_hot(bencher: Bencher<'_, '_>) {
    let mut random = Random::new(1);
    coalesce(bencher, (0..DELTAS).map(|_| place(random.below(64 * 4089))).collect());
}

/// A page's number and an offset at which 8 bytes fit.
const fn place(number: usize) -> (u64, u32) {
    ((number / 4089) as u64, (number % 4089) as u32)
}

fn coalesce(bencher: Bencher<'_, '_>, places: Vec<(u64, u32)>) {
    let mut ops = CpuOps::new(128 << 20, 128 << 20);
    let pages: Vec<PageHandle> = (0..PAGE_COUNT).map(|_| ops.create(PAGE_BYTES).expect("room")).collect();
    let mut batch = DeltaBatch::default();
    for (page, offset) in places {
        let bytes = (page * 31 + u64::from(offset)).to_le_bytes();
        batch.push(PageId::new(page + 1), Patch::Bytes { offset, bytes: &bytes });
    }
    let mut coalescer = Coalescer::default();
    bencher.counter(ItemsCount::new(DELTAS)).bench_local(|| {
        let mirror_of = |page: PageId| pages.get(page.get() as usize - 1).copied();
        coalescer.plan(ops.slabs(), &[batch.view()], mirror_of).map(|plan| plan.word_ops().len())
    });
}
