//! Values that are swapped whole: readers see one or the other, and what was replaced is freed, but not too soon.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use mmsb_page::Swap;

/// All words equal while it lives; spoiled when it is dropped.
struct Equal(Vec<u64>);

impl Equal {
    fn new(word: u64) -> Self {
        Self(vec![word; 64])
    }

    fn word(&self) -> u64 {
        let first = self.0[0];
        assert!(self.0.iter().all(|&word| word == first), "read while it was dropped: {:?}", self.0);
        first
    }
}

impl Drop for Equal {
    fn drop(&mut self) {
        self.0.iter_mut().zip(0..).for_each(|(word, index)| *word = index);
    }
}

/// Batches of replacements after which something must have been freed.
const BATCHES_MAX: u32 = 50;
const ROUNDS: u64 = if cfg!(miri) { 100 } else { 20_000 };

#[track_caller]
fn read_until(done: &AtomicBool, swap: &Swap<Equal>) {
    let mut last = 0;
    while !done.load(Ordering::Relaxed) {
        let word = swap.read(Equal::word);
        assert!(word >= last, "{word} after {last}");
        last = word;
    }
}

#[test]
fn readers_see_whole_values_that_only_grow() {
    let (swap, done) = (Swap::new(Equal::new(0)), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| read_until(&done, &swap));
        }
        (1..=ROUNDS).for_each(|word| drop(swap.replace(Box::new(Equal::new(word)))));
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(swap.read(Equal::word), ROUNDS);
}

#[test]
fn what_was_replaced_is_freed_on_the_way() {
    let counted = Arc::new(());
    let swap = Swap::new(Arc::clone(&counted));
    // Readers of other tests hold the collector up for as long as they are not given a processor.
    let is_freed = (0..BATCHES_MAX).any(|_| {
        (0..ROUNDS).for_each(|_| drop(swap.replace(Box::new(Arc::clone(&counted)))));
        std::thread::yield_now();
        Arc::strong_count(&counted) as u64 - 2 < ROUNDS / 2
    });
    assert!(is_freed || cfg!(miri), "{} replaced values are still alive", Arc::strong_count(&counted) - 2);
}

#[test]
fn a_retired_value_stays_whole_until_it_is_dropped_and_the_newest_goes_with_its_swap() {
    let (old, new) = (Arc::new(()), Arc::new(()));
    let swap = Swap::new(Arc::clone(&old));
    let retired = swap.replace(Box::new(Arc::clone(&new)));
    assert_eq!((Arc::strong_count(&old), Arc::strong_count(&new)), (2, 2));
    drop(swap);
    assert_eq!((Arc::strong_count(&old), Arc::strong_count(&new)), (2, 1));
    drop(retired);
}

#[test]
fn what_somebody_still_looks_at_is_not_freed_however_much_is_replaced_meanwhile() {
    let looked_at = Arc::new(());
    let swap = Swap::new(Arc::clone(&looked_at));
    // More than the reclaimer collects in one go, so that it would free what it may.
    let replace_often = || (0..ROUNDS).for_each(|_| drop(swap.replace(Box::new(Arc::new(())))));
    swap.read(|_| {
        replace_often();
        thread::scope(|scope| _ = scope.spawn(replace_often));
        assert_eq!(Arc::strong_count(&looked_at), 2, "freed under its reader");
    });
}
