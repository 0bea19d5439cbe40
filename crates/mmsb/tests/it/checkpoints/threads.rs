//! Checkpoints made while others commit are states there were.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use mmsb::{Durability, Epoch, PageId, View, vfs::Vfs};

use super::Disk;

const PAGES: usize = 300;

/// Checkpoints made beside the writers at least.
const CHECKPOINTS: usize = 3;

/// Moves one from page to page, and now and then a page dies, and another is born, with all there is on it; so many
/// times, and until it is enough, but not for ever.
fn transfer(bus: &mmsb::Bus, pages: &[PageId], thread: usize, turns: usize, is_enough: &AtomicBool) {
    for turn in (0..100 * turns).take_while(|&turn| turn < turns || !is_enough.load(Ordering::Relaxed)) {
        let (from, to) = (pages[(turn * 7 + thread * 150) % PAGES], pages[(turn * 13 + thread) % PAGES]);
        if from == to {
            continue;
        }
        loop {
            let mut tx =
                bus.begin().tag(format!("{thread} {}", turn % 50).as_str()).durability(Durability::Volatile);
            let (mut left, mut right) = ([0; 8], [0; 8]);
            tx.read(from, 0, &mut left).unwrap();
            tx.read(to, 0, &mut right).unwrap();
            tx.put(from, 0, &(u64::from_le_bytes(left) - 1)).unwrap();
            tx.put(to, 0, &(u64::from_le_bytes(right) + 1)).unwrap();
            if tx.commit().is_ok() {
                break;
            }
        }
    }
}

#[track_caller]
fn check(preimage_bytes: u64) {
    let disk = Disk::new();
    let bus =
        Disk::builder().preimage_bytes(preimage_bytes).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    let pages: Vec<_> = (0..PAGES).map(|_| bus.create_page(None, 700).unwrap()).collect();
    let mut tx = bus.begin();
    pages.iter().for_each(|&page| tx.put(page, 0, &1_000_000u64).unwrap());
    tx.commit().unwrap();
    let is_enough = AtomicBool::new(false);
    let mut made = Vec::new();
    std::thread::scope(|scope| {
        let start = |thread| {
            let (bus, pages, is_enough) = (&bus, &pages, &is_enough);
            scope.spawn(move || transfer(bus, pages, thread, 4000, is_enough))
        };
        let writers = [0, 1].map(start);
        while !writers.iter().any(|writer| writer.is_finished()) {
            made.push(bus.checkpoint().unwrap().epoch);
            is_enough.store(made.len() >= CHECKPOINTS, Ordering::Relaxed);
        }
    });
    // A snapshot that aged would need one.
    assert_eq!(bus.stats().log.pass_count, 0);
    bus.stop().unwrap();
    made.dedup();
    assert!(made.len() >= CHECKPOINTS - 1, "{made:?}");
    compare(&disk, &made);
}

/// Compares what checkpoints hold with what the log alone amounts to.
fn compare(disk: &Disk, epochs: &[Epoch]) {
    let by_checkpoint = disk.read().unwrap();
    let states: Vec<_> = epochs.iter().map(|&epoch| by_checkpoint.at(epoch).unwrap()).collect();
    for name in disk.files().iter().filter(|name| name.starts_with("ckpt-")) {
        disk.vfs.remove(&Path::new("bus").join(name)).unwrap();
    }
    let by_log = disk.read().unwrap();
    for state in &states {
        let expected = by_log.at(state.epoch()).unwrap();
        let sum: u64 = state.pages().map(|info| state.get::<u64>(info.page, 0).unwrap()).sum();
        assert_eq!(sum, PAGES as u64 * 1_000_000, "{}", state.epoch());
        assert_eq!(View::pages(state).unwrap(), View::pages(&expected).unwrap());
        assert!(mmsb::diff(state, &expected).unwrap().pages.is_empty());
        assert_eq!(state.label(), expected.label());
    }
}

#[test]
fn a_checkpoint_beside_two_writers_is_a_state_there_was() {
    check(12 << 20);
}

#[test]
fn a_checkpoint_that_finds_no_memory_for_old_pages_is_a_state_there_was() {
    check(256 << 10);
}
