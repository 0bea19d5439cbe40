//! Threads add to the same pages, in opposite orders: no addition is lost.

use std::thread;

use mmsb::{Bus, Durability, Error, PageId};

/// Adds one to a counter of each page, all in one transaction, however often that takes.
fn add_one(bus: &Bus, pages: &[PageId]) {
    loop {
        let mut tx = bus.begin().durability(Durability::Volatile);
        let added = pages.iter().try_for_each(|&page| {
            let count: u64 = tx.get(page, 0)?;
            tx.put(page, 0, &(count + 1))
        });
        match added.and_then(|()| tx.commit()) {
            Ok(_) => return,
            Err(Error::Conflict { .. }) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Four threads add to the same pages, in opposite orders; no addition is lost.
#[track_caller]
fn sums_are_exact(page_count: usize, rounds: u64) {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..page_count).map(|_| bus.create_page(None, 8).unwrap()).collect();
    let backwards: Vec<_> = pages.iter().rev().copied().collect();
    thread::scope(|scope| {
        for pages in [&pages, &backwards, &pages, &backwards] {
            scope.spawn(|| (0..rounds).for_each(|_| add_one(&bus, pages)));
        }
    });
    for &page in &pages {
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), 4 * rounds, "{page}");
    }
    assert_eq!(bus.epoch().get(), page_count as u64 + 4 * rounds, "a refused commit takes no epoch");
    assert_eq!(bus.check(), []);
}

#[test]
fn no_addition_is_lost_on_one_page() {
    sums_are_exact(1, 300);
}

#[test]
fn no_addition_is_lost_on_pages_locked_in_opposite_orders() {
    sums_are_exact(5, 150);
}

#[test]
fn no_addition_is_lost_by_commits_that_take_the_bulk_ticket() {
    sums_are_exact(40, 60);
}
