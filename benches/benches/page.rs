//! mmsb-page at the keyboard: what do reading, locking and creating a page cost?

use std::time::Duration;

use divan::{Bencher, black_box, counter::BytesCount};
use mmsb_page::PageStore;
use mmsb_types::{Epoch, PageId};

fn main() {
    divan::main();
}

fn store_of(page_bytes: u32) -> PageStore {
    let store = PageStore::new();
    let birth = store.prepare(PageId::FIRST, page_bytes).expect("memory for one page");
    birth.publish(Epoch::new(1));
    store
}

#[divan::bench(args = [64, 1024, 4096, 65536])]
fn read(bencher: Bencher<'_, '_>, page_bytes: u32) {
    let (store, mut buffer) = (store_of(page_bytes), vec![0; page_bytes as usize]);
    bencher
        .counter(BytesCount::new(page_bytes))
        .bench_local(|| store.read(black_box(PageId::FIRST), 0, black_box(&mut buffer)));
}

#[divan::bench]
fn lock_write_publish(bencher: Bencher<'_, '_>) {
    let store = store_of(1024);
    let committer = store.committers().acquire(Duration::ZERO).expect("nobody else commits");
    let mut epoch = Epoch::new(1);
    bencher.bench_local(|| {
        epoch = epoch.next();
        if let Ok(Some(lock)) = store.try_lock(PageId::FIRST, &committer) {
            let mut writer = lock.into_writer();
            writer.write(100, black_box(&[7; 32]));
            writer.publish(epoch);
        }
    });
}

#[divan::bench(args = [1024, 1 << 20])]
fn create(bencher: Bencher<'_, '_>, page_bytes: u32) {
    let store = PageStore::new();
    let mut page = 0;
    bencher.bench_local(|| {
        page += 1;
        store.prepare(PageId::new(page), black_box(page_bytes)).map(drop)
    });
}
