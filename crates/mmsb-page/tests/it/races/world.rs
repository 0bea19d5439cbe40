//! Threads that change pages which tell their epoch, and readers that look.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use mmsb_page::{Committer, PageStore};
use mmsb_types::{Epoch, PageId, Span};

use crate::{dice::Dice, epoch, page};

pub(super) fn tell(at: Epoch, id: PageId) -> u8 {
    (at.get().wrapping_mul(131) ^ id.get().wrapping_mul(59)) as u8
}

/// A store whose pages tell their epoch, and the counter of epochs.
pub(super) struct World {
    pub(super) store: PageStore,
    pub(super) last: AtomicU64,
    pub(super) over: AtomicBool,
    pub(super) id_count: u64,
}

impl World {
    pub(super) fn new(id_count: u64) -> Self {
        let (last, over) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { store: PageStore::new(), last, over, id_count }
    }

    /// Takes the next epoch: while the page is held or being born, so that each page's epochs rise.
    pub(super) fn next(&self) -> Epoch {
        epoch(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn bear(&self, id: PageId, page_bytes: u32) {
        if let Ok(mut new) = self.store.prepare(id, page_bytes) {
            let at = self.next();
            new.fill(Span::new(0, page_bytes), tell(at, id));
            new.publish(at);
        }
    }

    /// Rewrites the page from both ends, or ends its life, or only looks.
    pub(super) fn change(&self, id: PageId, committer: &Committer<'_>, retire: bool) {
        let Ok(lock) = self.store.lock_wait(id, committer) else { return };
        let (page_bytes, was) = (lock.page_bytes(), lock.epoch());
        assert!(lock.bytes().iter().all(|&byte| byte == tell(was, id)), "{id} as of {was}");
        let mut writer = lock.into_writer();
        let at = self.next();
        if retire {
            return writer.retire(at);
        }
        let half = page_bytes / 2;
        writer.fill(Span::new(half, page_bytes - half), tell(at, id));
        writer.write(0, &vec![tell(at, id); half as usize]);
        writer.publish(at);
    }

    /// Reads until the writers are done; returns how many whole copies it got.
    pub(super) fn watch(&self, seed: u64) -> u64 {
        let (mut dice, mut bytes, mut whole) = (Dice(seed), Vec::new(), 0);
        let mut seen = vec![epoch(0); self.id_count as usize + 1];
        while !self.over.load(Ordering::Relaxed) {
            let id = page(1 + dice.roll(self.id_count));
            if let Ok(at) = self.store.read_page(id, &mut bytes) {
                assert!(bytes.iter().all(|&byte| byte == tell(at, id)), "{id} as of {at}: {bytes:?}");
                assert!(at >= seen[id.get() as usize], "{id} went back to {at}");
                seen[id.get() as usize] = at;
                whole += 1;
            }
            let mut part = [0; 24];
            if let Ok(at) = self.store.read(id, dice.roll(20) as u32, &mut part) {
                assert_eq!(part, [tell(at, id); 24], "{id} as of {at}");
            }
        }
        whole
    }

    /// Runs the writers side by side with two readers.
    pub(super) fn run(&self, writers: u64, work: impl Fn(u64, Dice) + Sync) -> u64 {
        thread::scope(|scope| {
            let readers = [1, 2].map(|seed| scope.spawn(move || self.watch(seed)));
            let work = &work;
            let writers: Vec<_> = (0..writers).map(|n| scope.spawn(move || work(n, Dice(n + 100)))).collect();
            let done: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            self.over.store(true, Ordering::Relaxed);
            assert!(done.iter().all(Result::is_ok), "a writer failed");
            readers.map(|reader| reader.join().expect("a reader failed")).iter().sum()
        })
    }

    pub(super) fn committer(&self) -> Committer<'_> {
        self.store.committers().acquire(Duration::from_secs(60)).expect("a free owner number")
    }
}
