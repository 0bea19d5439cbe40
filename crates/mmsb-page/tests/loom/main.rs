//! Models of the store under loom: the real code, its atomics and locks replaced (`sync/model.rs`).
//!
//! Each model also runs with faults planted, one at a time, and loom must reject it then. What a model
//! needs of the layers above (the word that numbers come from, the order in which a commit locks) is as
//! small a replica as will do, in this folder. `cargo xtask loom` runs them all.
#![cfg(loom)]

mod catalogue;
mod commits;
mod gate;
mod lives;
mod lock;
mod snapshots;

use std::{sync::Arc, time::Duration};

use loom::{
    sync::atomic::{AtomicU64, Ordering},
    thread::{self, JoinHandle},
};
use mmsb_page::{Group, GroupBuf, Hold, Need, PageStore, Pin, StoreOptions};
use mmsb_types::{
    Epoch, PageId,
    plant::{Fault, explore, is_planted},
};

const PAGE: PageId = PageId::FIRST;
const OTHER: PageId = PageId::new(2);

/// A stack of a model's thread; loom's own are too small for those who reclaim.
const STACK_WORDS: usize = 1 << 15;

/// A store, and the word that commits take their numbers from.
struct World {
    store: PageStore,
    tail: AtomicU64,
}

impl World {
    /// Starts a run: so many pages of two words, zero, born at e1.
    fn new(page_count: u64) -> Arc<Self> {
        Self::with_chunks(page_count, 16, 16, 160)
    }

    /// Starts a run with so much room for pre-images, in chunks of 17 words.
    fn with_chunks(page_count: u64, page_bytes: u32, chunk_count: u64, words: usize) -> Arc<Self> {
        mmsb_page::begin_model(words);
        let mut options = StoreOptions::default();
        (options.preimage_bytes, options.preimage_bytes_max) = (chunk_count * 17 * 8, chunk_count * 17 * 8);
        let store = PageStore::with_options(options);
        for page in 1..=page_count {
            store.prepare(PageId::new(page), page_bytes).unwrap().publish(Epoch::new(1));
        }
        Arc::new(Self { store, tail: AtomicU64::new(1) })
    }

    /// Starts a thread of the model.
    fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let world = Arc::clone(self);
        let builder = thread::Builder::new().stack_size(STACK_WORDS);
        builder.spawn(move || work(&world)).expect("a thread of the model")
    }

    /// Takes the next number; every page of the commit is held.
    fn reserve(&self) -> Epoch {
        Epoch::new(self.tail.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Pins the newest number that was taken.
    fn pin(&self) -> Pin {
        let load = is_planted(Fault::TakenByLoad);
        let newest = || {
            if load { self.tail.load(Ordering::Acquire) } else { self.tail.fetch_add(0, Ordering::AcqRel) }
        };
        self.store.pin(|| Epoch::new(newest()))
    }

    /// Commits: every word of the page becomes the commit's number.
    fn commit(&self, page: PageId) -> Epoch {
        let committer = self.store.committers().acquire(Duration::ZERO).unwrap();
        let mut need = Need::default();
        need.add(self.store.page_bytes(page).unwrap());
        assert!(self.store.stash(&committer, need));
        let mut buffer = GroupBuf::default();
        let mut group = Group::new(&self.store, &committer, &mut buffer);
        assert_eq!(group.lock_wait(page, 8), Hold::Locked);
        self.finish(group, &[page])
    }

    /// Steps 4 to 7 of a commit that holds these pages and changes them all.
    fn finish(&self, group: Group<'_>, pages: &[PageId]) -> Epoch {
        let lengths: Vec<u32> = (0..pages.len()).map(|index| group.page_bytes(index)).collect();
        let mut writer = group.into_writer();
        let epoch = self.reserve();
        writer.preserve(pages.iter().copied().enumerate(), epoch);
        for (index, &page_bytes) in lengths.iter().enumerate() {
            writer.write(index, 0, &epoch.get().to_le_bytes().repeat(2)[..page_bytes as usize]);
        }
        writer.publish(pages.len(), epoch);
        epoch
    }

    /// Reads all words of a page, and the epoch told with them.
    fn read(&self, page: PageId) -> (Vec<u64>, Epoch) {
        let mut bytes = Vec::new();
        let epoch = self.store.read_page(page, &mut bytes).unwrap();
        (words(&bytes), epoch)
    }

    /// Reads all words of a page as of a pin.
    fn read_at(&self, page: PageId, pin: &Pin) -> (Vec<u64>, Epoch) {
        let mut bytes = Vec::new();
        let epoch = self.store.read_page_at(page, pin, &mut bytes).unwrap();
        (words(&bytes), epoch)
    }
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// What a page holds as of an epoch that changed it: words that are that number, or zero since its birth.
#[track_caller]
fn assert_whole((words, epoch): &(Vec<u64>, Epoch)) {
    let expected = if *epoch == Epoch::new(1) { 0 } else { epoch.get() };
    assert!(words.iter().all(|&word| word == expected), "{words:?} at {epoch}");
}
