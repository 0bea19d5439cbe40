//! Reads of many pages at once, beside commits: of one epoch, and answered.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb::{Bus, Epoch, PageId};
use mmsb_testkit::Rng;

use super::{TINY, TOTAL, filled};

/// Says when a thread ends, well or not, that it is done.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn move_sums(bus: &Bus, pages: &[PageId]) {
    let mut rng = Rng::new(5);
    for _ in 0..5000 {
        let (from, to) = (pages[rng.below(8)], pages[rng.below(8)]);
        let mut tx = bus.begin();
        let balance: u64 = tx.get(from, 0).unwrap();
        let amount = rng.any() % (balance + 1);
        tx.put(from, 0, &(balance - amount)).unwrap();
        let other: u64 = tx.get(to, 0).unwrap();
        tx.put(to, 0, &(other + amount)).unwrap();
        tx.commit().unwrap();
    }
}

fn read_sum(bus: &Bus, pages: &[PageId]) -> (Epoch, u64) {
    let mut words = [[0; 8]; 8];
    let reads = pages.iter().zip(&mut words).map(|(&page, word)| (page, 0, &mut word[..]));
    let epoch = bus.read_many(&mut reads.collect::<Vec<_>>()).unwrap();
    (epoch, words.map(u64::from_le_bytes).iter().sum())
}

#[test]
fn reads_of_many_pages_see_whole_commits() {
    let bus = Bus::builder().volatile().unwrap();
    let pages: Vec<_> = (0..8).map(|_| bus.create_page(None, 8).unwrap()).collect();
    bus.put(pages[0], 0, &TOTAL).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _done = Done(&done);
            move_sums(&bus, &pages);
        });
        let mut last = Epoch::ZERO;
        while !done.load(Ordering::Relaxed) {
            let (epoch, sum) = read_sum(&bus, &pages);
            assert!(epoch >= last && sum == TOTAL, "{sum} at {epoch} after {last}");
            last = epoch;
        }
    });
}

#[test]
fn reads_of_many_pages_are_answered_even_if_every_commit_needs_more_memory_than_there_is() {
    let bus = Bus::builder().preimage_bytes(TINY).volatile().unwrap();
    let pages = filled(&bus, 100);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _done = Done(&done);
                for round in 0..60u8 {
                    let mut tx = bus.begin();
                    pages.iter().for_each(|&page| tx.write(page, 0, [round; 4096]).unwrap());
                    tx.commit().unwrap();
                }
            });
        }
        while !done.load(Ordering::Relaxed) {
            // Each page many times: no read is as quick as a commit.
            let mut bytes = vec![[0u8; 4096]; 2000];
            let reads = pages.iter().cycle().zip(&mut bytes).map(|(&page, to)| (page, 0, &mut to[..]));
            let epoch = bus.read_many(&mut reads.collect::<Vec<_>>()).unwrap();
            let same = bytes.iter().all(|read| *read == bytes[0]);
            assert!(same || epoch == Epoch::new(1), "parts of commits at {epoch}");
        }
    });
}
