//! mmsb-tlog at the keyboard: what does taking a commit into the log cost, the disk left out?

use std::sync::Arc;

use benches::{Random, logs::Appender, pages::Change};
use divan::{Bencher, black_box, counter::ItemsCount};
use mmsb_tlog::vfs::NullVfs;

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 16, 256])]
fn append(bencher: Bencher<'_, '_>, count: usize) {
    let changes = Change::many(&mut Random::new(1), count, 1_000_000);
    let mut log = Appender::create(Arc::new(NullVfs::default()), "bench".as_ref()).expect("a log in nothing");
    bencher.counter(ItemsCount::new(count)).bench_local(|| log.append(black_box(&changes)).is_ok());
}
