//! What only one can have: an id, the numbers of committers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use mmsb_page::PageStore;

use super::ROUNDS;
use crate::{assert_sound, epoch, page};

#[test]
fn one_of_two_births_of_an_id_wins() {
    let store = PageStore::new();
    let births = AtomicU64::new(0);
    let race = || {
        for id in 1..=ROUNDS {
            if let Ok(new) = store.prepare(page(id), 64) {
                births.fetch_add(1, Ordering::Relaxed);
                new.publish(epoch(1));
            }
        }
    };
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(race))));
    assert_eq!((births.into_inner(), store.stats().pages), (ROUNDS, ROUNDS));
    assert_sound(&store);
}

#[test]
fn nobody_commits_while_somebody_holds_all_numbers() {
    let store = PageStore::new();
    let pool = store.committers();
    let (commits, committing) = (AtomicU64::new(0), AtomicU64::new(0));
    let waits_long = Duration::from_secs(60);
    let commit = || {
        for round in 0..ROUNDS {
            let _one = pool.acquire(waits_long).expect("a number, in the end");
            committing.fetch_add(1, Ordering::Relaxed);
            if round % 8 == 0 {
                thread::yield_now();
            }
            commits.fetch_add(1, Ordering::Relaxed);
            committing.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let close = || {
        for _ in 0..ROUNDS / 20 {
            let all = pool.all(waits_long).expect("all numbers, in the end");
            let before = commits.fetch_add(1, Ordering::Relaxed);
            (0..100).for_each(|_| std::hint::spin_loop());
            assert_eq!(committing.load(Ordering::Relaxed), 0);
            assert_eq!(commits.load(Ordering::Relaxed), before + 1);
            drop(all);
        }
    };
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(commit)));
        (0..2).for_each(|_| drop(scope.spawn(close)));
    });
    assert_eq!(commits.into_inner(), 2 * ROUNDS + 2 * (ROUNDS / 20));
}
