//! A protected pin does not age: commits wait until its owner has taken what is saved for it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb_page::{Pin, SnapshotError};
use mmsb_types::{PageId, Span};

use super::{CHUNK_BYTES, Part, World};
use crate::{assert_sound, born, page};

/// Pages of `page_bytes`, each filled with its own byte.
fn world_of(chunk_count: u64, page_count: u64, page_bytes: usize) -> World {
    let world = World::new(chunk_count);
    (1..=page_count).for_each(|id| born(&world.store, page(id), &vec![id as u8; page_bytes], world.number()));
    world
}

fn protected(world: &World) -> Pin {
    let pin = world.store.pin_protected(|| world.newest());
    assert!(pin.is_protected());
    pin
}

/// Changes every page, highest id first, each in a commit of its own.
fn change_all(world: &World, page_count: u64) {
    let committer = world.committer();
    for id in (1..=page_count).rev() {
        world.commit(&committer, &[(page(id), Part::Fill(Span::new(0, 8), 0xee))]);
    }
}

/// Reads the pages as of the pin by rising id, taking what commits saved as soon as room is short; calls `behind`
/// for each page.
#[track_caller]
fn stream(world: &World, pin: &mut Pin, page_count: u64, mut behind: impl FnMut(u64)) -> usize {
    let mut early: BTreeMap<PageId, Vec<u8>> = BTreeMap::new();
    for id in 1..=page_count {
        pin.pass(page(id));
        if world.store.is_room_short() {
            world.store.take_saved(pin, &mut |page, _, bytes| {
                assert!(early.insert(page, bytes.to_vec()).is_none(), "{page} is taken twice");
            });
        }
        let bytes = match early.get(&page(id)) {
            Some(bytes) => bytes.clone(),
            None => world.read(page(id), pin).unwrap().1,
        };
        assert!(bytes.iter().all(|&byte| byte == id as u8), "page {id}: {:02x?}", &bytes[..8]);
        behind(id);
    }
    assert!(!pin.is_aged());
    early.len()
}

#[test]
fn more_is_changed_than_there_is_room_for_and_every_page_is_as_it_was() {
    let page_bytes = CHUNK_BYTES as usize / 40;
    for chunk_count in [3, 8] {
        let page_count = if cfg!(miri) { 60 } else { chunk_count * 400 };
        let world = world_of(chunk_count, page_count, page_bytes);
        let mut pin = protected(&world);
        let early_count = thread::scope(|scope| {
            let writer = scope.spawn(|| change_all(&world, page_count));
            let early_count = stream(&world, &mut pin, page_count, |_| {});
            // What is saved behind the last page is nobody's any more.
            pin.pass(page(page_count + 1));
            writer.join().unwrap();
            early_count
        });
        println!("{early_count} of {page_count} pages were taken early");
        assert!(!pin.is_aged());
        drop(pin);
        assert_sound(&world.store);
    }
}

#[test]
fn a_commit_that_never_has_room_waits_for_the_end_of_the_pin() {
    let world = world_of(3, 8, CHUNK_BYTES as usize);
    let mut pin = protected(&world);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let committer = world.committer();
            let parts: Vec<_> = (1..=8).map(|id| (page(id), Part::Fill(Span::new(0, 8), 0xee))).collect();
            world.commit(&committer, &parts);
            assert!(is_over.load(Ordering::SeqCst), "the pin was there");
        });
        stream(&world, &mut pin, 8, |_| thread::yield_now());
        is_over.store(true, Ordering::SeqCst);
        drop(pin);
        writer.join().unwrap();
    });
    assert_sound(&world.store);
}

#[test]
fn a_page_in_several_pieces_is_taken_whole_and_once() {
    let world = world_of(8, 3, 2 * CHUNK_BYTES as usize + 100);
    let pin = protected(&world);
    let committer = world.committer();
    for id in [3, 2] {
        world.commit(&committer, &[(page(id), Part::Fill(Span::new(0, 8), 0xee))]);
    }
    assert!(world.store.is_room_short());
    let mut taken = Vec::new();
    for _ in 0..4 {
        world.store.take_saved(&pin, &mut |page, _, bytes| {
            assert!(bytes.iter().all(|&byte| u64::from(byte) == page.get()));
            taken.push((page.get(), bytes.len() as u64));
        });
    }
    // The last one's last piece stands in a chunk that is not full.
    assert!(taken.contains(&(3, 2 * CHUNK_BYTES + 100)), "{taken:?}");
    let lost = world.read(page(3), &pin);
    assert!(matches!(lost, Err(SnapshotError::NotFound { .. })), "{lost:?}");
    assert!(world.store.take_saved(&pin, &mut |page, _, _| panic!("{page} again")) == 0);
    drop(pin);
    assert_sound(&world.store);
}

#[test]
fn one_pin_is_protected_and_others_age_even_of_its_epoch() {
    let world = world_of(3, 200, CHUNK_BYTES as usize / 40);
    let same = world.pin();
    let mut first = protected(&world);
    let second = world.store.pin_protected(|| world.newest());
    assert!(!second.is_protected(), "one at a time");
    thread::scope(|scope| {
        scope.spawn(|| change_all(&world, 200));
        stream(&world, &mut first, 200, |_| {});
        first.pass(page(201));
    });
    assert!(same.is_aged() && second.is_aged() && !first.is_aged());
    drop(first);
    assert!(world.store.pin_protected(|| world.newest()).is_protected(), "the next one");
    assert_sound(&world.store);
}
