//! mmsb-graph at the keyboard: what do an edge, a wave and a check cost?

use benches::{
    Random,
    waves::{SHAPES, Store, bare},
};
use divan::{Bencher, black_box, counter::ItemsCount};
use mmsb_graph::{Graph, Schedule, Wave};
use mmsb_types::{EdgeKind, PageId};

fn main() {
    divan::main();
}

const SHAPE_INDEXES: [usize; 5] = [0, 1, 2, 3, 4];

#[divan::bench(args = SHAPE_INDEXES, consts = [8, 1024])]
fn wave<const BYTES: usize>(bencher: Bencher<'_, '_>, shape: usize) {
    let shape = SHAPES[shape]();
    let (graph, mut store) = (shape.graph(), Store::new(&shape, BYTES));
    let (mut schedule, mut wave, mut tick) = (Schedule::new(), Wave::default(), 0);
    bencher.counter(ItemsCount::new(shape.computed())).bench_local(|| {
        tick += 1;
        store.set_source(tick);
        schedule.touch(PageId::FIRST);
        schedule.run(&graph, &mut store, &mut wave).expect("nothing panics");
        wave.count()
    });
}

#[divan::bench(args = SHAPE_INDEXES, consts = [8, 1024])]
fn bare_loop<const BYTES: usize>(bencher: Bencher<'_, '_>, shape: usize) {
    let shape = SHAPES[shape]();
    let mut store = Store::new(&shape, BYTES);
    bencher
        .counter(ItemsCount::new(shape.computed()))
        .bench_local(|| bare(&shape, black_box(&mut store.pages)));
}

#[divan::bench(args = [1000, 100_000])]
fn insert(bencher: Bencher<'_, '_>, pages: usize) {
    let mut random = Random::new(1);
    let mut pair =
        || (PageId::new(random.below(pages) as u64 + 1), PageId::new(random.below(pages) as u64 + 1));
    let pairs: Vec<(PageId, PageId)> = (0..pages).map(|_| pair()).collect();
    bencher.counter(ItemsCount::new(pages)).bench_local(|| {
        let mut graph = Graph::new();
        let refused = pairs.iter().filter(|&&(source, target)| {
            graph.add_edge(source.min(target), source.max(target), EdgeKind::Data).is_err()
        });
        (refused.count(), graph.edge_count())
    });
}

#[divan::bench(args = [1000, 100_000])]
fn check(bencher: Bencher<'_, '_>, pages: u64) {
    let mut graph = Graph::new();
    for page in 2..=pages {
        graph.add_edge(PageId::new(page / 2), PageId::new(page), EdgeKind::Data).expect("no cycle");
    }
    bencher.counter(ItemsCount::new(pages)).bench_local(|| black_box(&graph).check());
}
