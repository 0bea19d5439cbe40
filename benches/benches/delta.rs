//! mmsb-delta at the keyboard: what do finding, applying and encoding a change of a 1 KiB page cost?

use benches::{Random, pages::Pair};
use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use mmsb_delta::{DeltaBatch, Patch, apply, diff, diff_runs};
use mmsb_types::PageId;

const PAGE_BYTES: usize = 1 << 10;

fn main() {
    divan::main();
}

#[divan::bench(args = [0, 1, 50, 100])]
fn find(bencher: Bencher<'_, '_>, percent: usize) {
    let pair = Pair::random(&mut Random::new(1), PAGE_BYTES, percent);
    let mut runs = Vec::new();
    bencher.counter(BytesCount::new(PAGE_BYTES)).bench_local(|| {
        diff_runs(black_box(&pair.old), black_box(&pair.new), &mut runs);
        runs.len()
    });
}

#[divan::bench(args = [1, 50, 100])]
fn lay_over(bencher: Bencher<'_, '_>, percent: usize) {
    let pair = Pair::random(&mut Random::new(1), PAGE_BYTES, percent);
    let delta = diff(&pair.old, &pair.new);
    let mut page = pair.old.clone();
    bencher.counter(BytesCount::new(PAGE_BYTES)).bench_local(|| apply(black_box(&delta), &mut page));
}

#[divan::bench(args = [16, 256])]
fn encode(bencher: Bencher<'_, '_>, count: u64) {
    let bytes = Random::new(1).bytes(32);
    let (mut batch, mut record) = (DeltaBatch::default(), Vec::new());
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        batch.clear();
        record.clear();
        let patch = Patch::Bytes { offset: 64, bytes: black_box(&bytes) };
        (1..=count).for_each(|page| batch.push(PageId::new(page * 7), patch));
        batch.encode_into(&mut record);
        record.len()
    });
}
