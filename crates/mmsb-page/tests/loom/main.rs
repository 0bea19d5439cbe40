//! Models of the store under loom: the real code, its atomics and locks replaced (`sync/model.rs`).
//!
//! Each model also runs with faults planted, and loom must reject it then. `cargo xtask loom` runs them.
#![cfg(loom)]

mod lock;

use std::sync::Arc;

use loom::thread::{self, JoinHandle};
use mmsb_page::PageStore;
use mmsb_types::{Epoch, PageId, plant::Fault, plant::explore};

/// Starts a run: a store with so many pages of 16 zero bytes, born at epoch 1.
fn store(page_count: u64) -> Arc<PageStore> {
    mmsb_page::begin_model(160);
    let store = PageStore::new();
    for page in 1..=page_count {
        store.prepare(PageId::new(page), 16).unwrap().publish(Epoch::new(1));
    }
    Arc::new(store)
}

/// Starts a thread of the model on the store.
fn spawn<T: 'static>(store: &Arc<PageStore>, work: impl FnOnce(&PageStore) -> T + 'static) -> JoinHandle<T> {
    let store = Arc::clone(store);
    thread::spawn(move || work(&store))
}

/// Commits: both words of the page get the epoch's number.
fn commit(store: &PageStore, page: PageId, epoch: u64) {
    let committer = store.committers().acquire(std::time::Duration::ZERO).unwrap();
    let mut writer = store.lock_wait(page, &committer).unwrap().into_writer();
    writer.write(0, &[epoch.to_le_bytes(), epoch.to_le_bytes()].concat());
    writer.publish(Epoch::new(epoch));
}

/// Reads both words, and the epoch that published them.
fn read(store: &PageStore, page: PageId) -> (u64, u64, Epoch) {
    let mut bytes = [0; 16];
    let epoch = store.read(page, 0, &mut bytes).unwrap();
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    (word(0), word(8), epoch)
}
