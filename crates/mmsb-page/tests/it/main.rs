//! The tests of page memory: a page's life, words against plain bytes, locks, races, hostile input,
//! and a store filled alone.

mod changed;
mod dice;
mod group;
mod laws;
mod life;
mod limits;
mod races;
mod restore;
mod snapshot_races;
mod snapshots;
mod swap;

use std::time::Duration;

use mmsb_page::{Committer, PageStore};
use mmsb_types::{Epoch, PageId};

/// The page with this number.
fn page(number: u64) -> PageId {
    PageId::new(number)
}

/// The epoch with this number.
fn epoch(number: u64) -> Epoch {
    Epoch::new(number)
}

/// Takes a number to commit under, which is free.
#[track_caller]
fn committer(store: &PageStore) -> Committer<'_> {
    store.committers().acquire(Duration::ZERO).unwrap()
}

/// Gives birth to a page with these bytes.
#[track_caller]
fn born(store: &PageStore, id: PageId, bytes: &[u8], at: Epoch) {
    let mut new = store.prepare(id, bytes.len() as u32).unwrap();
    new.write(0, bytes);
    new.publish(at);
}

/// Reads a whole page, by way of both functions that can.
#[track_caller]
fn read(store: &PageStore, id: PageId) -> (Epoch, Vec<u8>) {
    let mut bytes = vec![0xcc; 3];
    let at = store.read_page(id, &mut bytes).unwrap();
    let mut again = vec![0xcc; bytes.len()];
    assert_eq!(store.read(id, 0, &mut again), Ok(at));
    assert_eq!(again, bytes);
    (at, bytes)
}

/// Passes if the store at rest breaks no rule.
#[track_caller]
fn assert_sound(store: &PageStore) {
    assert_eq!(store.check(), []);
}
