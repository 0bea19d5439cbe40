//! Faults that only a sanitizer sees, one a test: `cargo xtask tsan` and `cargo xtask asan` run each of them
//! and fail unless the sanitizer reports it.
//!
//! One test a process: a planted fault is everybody's. Without a sanitizer, most runs of them pass.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use mmsb_page::{PageStore, Swap};
use mmsb_types::{
    Epoch, PageId,
    plant::{Fault, plant},
};

const ROUNDS: u64 = 10_000;

/// Two threads add to the number in a page. Who holds the page reads it as plain memory: nothing but the
/// page's lock says that the other's stores came before.
fn add_in_turns(fault: Fault) {
    let store = PageStore::new();
    let id = PageId::new(1);
    let mut new = store.prepare(id, 8).unwrap();
    new.write(0, &0_u64.to_le_bytes());
    new.publish(Epoch::new(1));
    // A thread that is done before the other begins hands everything over, whatever the page's lock does.
    let both = Barrier::new(2);
    let add = || {
        let committer = store.committers().acquire(Duration::from_secs(60)).unwrap();
        both.wait();
        for _ in 0..ROUNDS {
            let lock = store.lock_wait(id, &committer).unwrap();
            let count = u64::from_le_bytes(lock.bytes().try_into().unwrap());
            let at = lock.epoch().next();
            let mut writer = lock.into_writer();
            writer.write(0, &(count + 1).to_le_bytes());
            writer.publish(at);
            // The other one's turn, at once: what this one does next hands things over, too.
            thread::yield_now();
        }
    };
    plant(Some(fault));
    thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(add))));
    plant(None);
}

#[test]
fn a_page_that_is_published_relaxed() {
    add_in_turns(Fault::PublishOrder);
}

#[test]
fn a_page_lock_that_is_taken_relaxed() {
    add_in_turns(Fault::LockOrder);
}

#[test]
fn a_value_that_is_freed_under_its_reader() {
    let (swap, looks, replaced) =
        (Swap::new(vec![7_u64; 64]), AtomicBool::new(false), AtomicBool::new(false));
    let wait_for = |flag: &AtomicBool| {
        while !flag.load(Ordering::Acquire) {
            thread::yield_now();
        }
    };
    plant(Some(Fault::FreedAtOnce));
    thread::scope(|scope| {
        scope.spawn(|| {
            swap.read(|value| {
                looks.store(true, Ordering::Release);
                wait_for(&replaced);
                std::hint::black_box(value.iter().sum::<u64>());
            });
        });
        wait_for(&looks);
        drop(swap.replace(Box::new(vec![8; 64])));
        replaced.store(true, Ordering::Release);
    });
    plant(None);
}
