//! Reads of many pages at once, beside commits: of one epoch, and answered.

use std::thread::{self, ScopedJoinHandle};

use mmsb::{Bus, Epoch, PageId};
use mmsb_testkit::Rng;

use super::{TINY, TOTAL, filled};

/// Looks, again and again, until one of so many threads has done its work.
fn look_beside(threads: usize, work: impl Fn() + Sync, mut look: impl FnMut()) {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        while !threads.iter().any(ScopedJoinHandle::is_finished) {
            look();
        }
    });
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
    let mut last = Epoch::ZERO;
    let look = || {
        let (epoch, sum) = read_sum(&bus, &pages);
        assert!(epoch >= last && sum == TOTAL, "{sum} at {epoch} after {last}");
        last = epoch;
    };
    look_beside(1, || move_sums(&bus, &pages), look);
}

#[test]
fn reads_of_many_pages_are_answered_even_if_every_commit_needs_more_memory_than_there_is() {
    let bus = Bus::builder().preimage_bytes(TINY).volatile().unwrap();
    let pages = filled(&bus, 100);
    let rewrite = || {
        for round in 0..60u8 {
            let mut tx = bus.begin();
            pages.iter().for_each(|&page| tx.write(page, 0, [round; 4096]).unwrap());
            tx.commit().unwrap();
        }
    };
    look_beside(2, rewrite, || {
        // Each page many times: no read is as quick as a commit.
        let mut bytes = vec![[0u8; 4096]; 2000];
        let reads = pages.iter().cycle().zip(&mut bytes).map(|(&page, to)| (page, 0, &mut to[..]));
        let epoch = bus.read_many(&mut reads.collect::<Vec<_>>()).unwrap();
        let same = bytes.iter().all(|read| *read == bytes[0]);
        assert!(same || epoch == Epoch::new(1), "parts of commits at {epoch}");
    });
}
