//! The layer suite at the keyboard: the same pieces as the line `layers`, one at a time.

use benches::{
    Random,
    suite::{Allocation, Filled, Logged, Sheet, Updates, mixed},
    waves::{SHAPES, hop},
};
use divan::Bencher;

const SEED: u64 = 1;

fn main() {
    divan::main();
}

/// One page a commit; it goes again inside the clock, too.
#[divan::bench(args = [1 << 10, 1 << 20])]
fn allocation(bencher: Bencher<'_, '_>, page_bytes: usize) {
    let mut allocation = Allocation::new(page_bytes, 1).expect("memory for a page");
    bencher.bench_local(|| allocation.create().and_then(|()| allocation.delete()).is_ok());
}

#[divan::bench(args = [1, 100])]
fn update(bencher: Bencher<'_, '_>, percent: usize) {
    let mut updates = Updates::new(&mut Random::new(SEED), percent).expect("a thousand pages");
    bencher.bench_local(|| updates.capture().is_ok());
}

#[divan::bench(args = ["single hop", "chain 10", "chain 1000", "diamond", "grid"])]
fn propagation(bencher: Bencher<'_, '_>, shape: &str) {
    let make = [hop, SHAPES[0], SHAPES[1], SHAPES[3], SHAPES[4]];
    let made = make.map(|make| make()).into_iter().find(|made| made.name.starts_with(shape));
    let mut sheet = Sheet::new(made.expect("a known shape"), 8).expect("a sheet");
    bencher.bench_local(|| sheet.commit().is_ok());
}

#[divan::bench(args = [100, 10_000])]
fn checkpoint(bencher: Bencher<'_, '_>, pages: usize) {
    let folder = || tempfile::tempdir().expect("a folder");
    let filled = || {
        let folder = folder();
        let filled = Filled::new(&folder.path().join("bus"), pages, Random::new(SEED)).expect("a bus");
        (folder, filled)
    };
    bencher.with_inputs(filled).bench_local_values(|(folder, filled)| {
        let made = filled.checkpoint().is_ok();
        (folder, filled, made)
    });
}

#[divan::bench(args = [100, 10_000])]
fn restore(bencher: Bencher<'_, '_>, pages: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut filled = Filled::new(&folder.path().join("bus"), pages, Random::new(SEED)).expect("a bus");
    filled.checkpoint().and_then(|_| filled.close()).expect("a checkpoint");
    bencher.bench_local(|| filled.restore().is_ok());
}

#[divan::bench(args = [100, 4000])]
fn replay(bencher: Bencher<'_, '_>, commits: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bus");
    let logged = Logged::new(&path, 10_000, commits, 256, Random::new(SEED)).expect("a log");
    bencher.bench_local(|| logged.replay().is_ok());
}

#[divan::bench(name = "mixed")]
fn mixed_workload(bencher: Bencher<'_, '_>) {
    let (folder, mut random) = (tempfile::tempdir().expect("a folder"), Random::new(SEED));
    bencher.bench_local(|| mixed(&folder.path().join("bus"), &mut random).is_ok());
}
