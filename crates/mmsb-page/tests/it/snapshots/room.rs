//! Memory for pre-images: used again, shared, and never short of what a record needs.

use std::cell::Cell;

use mmsb_page::{Need, StoreOptions};
use mmsb_types::Span;

use super::{CHUNK_BYTES, Part, World};
use crate::{assert_sound, born, epoch, page};

#[test]
fn memory_that_no_pin_needs_is_used_again_and_again() {
    let (world, seen) = (World::new(16), Cell::new(0));
    born(&world.store, page(1), &[0; 64], world.number());
    let committer = world.committer();
    let rounds = 20 * 16 * CHUNK_BYTES / 104;
    for round in 0..rounds {
        let pin = world.pin();
        let fill = |byte| [(page(1), Part::Fill(Span::new(0, 64), byte))];
        world.commit(&committer, &fill(round as u8 | 1));
        world.commit(&committer, &fill(round as u8));
        let was = if round == 0 { 0 } else { (round - 1) as u8 };
        assert_eq!(world.read(page(1), &pin).unwrap().1, [was; 64], "{round}");
        seen.set(seen.get() + 1);
    }
    let stats = world.store.preimage_stats();
    assert_eq!((stats.saved, stats.aged_below, stats.pins), (seen.get(), epoch(0), 0), "{stats:?}");
    assert!(stats.reclaims > 200 && stats.touched_bytes <= stats.cap_bytes, "{stats:?}");
    assert_sound(&world.store);
}

#[test]
fn idle_numbers_give_their_room_to_others() {
    let world = World::new(4);
    born(&world.store, page(1), &[0; 64], world.number());
    let committers: Vec<_> = (0..4).map(|_| world.committer()).collect();
    let last = world.committer();
    committers.iter().for_each(|committer| assert!(world.store.stash(committer, Need::of(1, 64))));
    assert_eq!(world.store.preimage_stats().free_bytes, 0);
    drop(committers);
    let pin = world.pin();
    world.commit(&last, &[(page(1), Part::Fill(Span::new(0, 64), 1))]);
    assert_eq!(world.read(page(1), &pin).unwrap().1, [0; 64]);
    assert_sound(&world.store);
}

#[test]
fn a_stash_keeps_little_more_than_its_last_commit_needed() {
    let world = World::new(64);
    let committer = world.committer();
    let free = |page_bytes| {
        assert!(world.store.stash(&committer, Need::of(1, page_bytes)));
        world.store.preimage_stats().free_bytes / CHUNK_BYTES
    };
    assert_eq!([free(40 * CHUNK_BYTES), free(64), free(64)], [23, 63, 63]);
    // What can never be had takes nothing from others.
    assert_eq!(free(64 * CHUNK_BYTES), 63);
}

#[test]
fn a_record_that_ends_near_a_chunks_end_has_room() {
    let around = 2 * CHUNK_BYTES as u32 - 40;
    for page_bytes in (around - 100..around + 60).step_by(7) {
        let world = World::new(4);
        born(&world.store, page(1), &vec![1; page_bytes as usize], world.number());
        let pin = world.pin();
        world.commit(&world.committer(), &[(page(1), Part::Fill(Span::new(0, 9), 2))]);
        assert_eq!(world.read(page(1), &pin).unwrap().1, vec![1; page_bytes as usize], "{page_bytes} bytes");
        assert_sound(&world.store);
    }
}

#[test]
fn room_follows_the_largest_commit_up_to_the_cap() {
    let [few, many] = [8, 64].map(|count| count * CHUNK_BYTES);
    let world =
        World::with(StoreOptions { preimage_bytes: few, preimage_bytes_max: many, ..Default::default() });
    let committer = world.committer();
    let chunks = |page_bytes| {
        assert!(world.store.stash(&committer, Need::of(1, page_bytes)));
        assert_sound(&world.store);
        world.store.preimage_stats().cap_bytes / CHUNK_BYTES
    };
    let [small, large, again] = [64, 5 * CHUNK_BYTES, 64].map(chunks);
    assert_eq!((small, again), (8, large), "as said; never less again");
    assert!((48..64).contains(&large), "{large}: eight commits of five chunks and a bit");
    let [huge, most] = [1000 * CHUNK_BYTES, 40 * CHUNK_BYTES].map(chunks);
    assert_eq!((huge, most), (large, 64), "nothing for what can never fit; the cap");
}

#[test]
fn a_commit_larger_than_the_room_there_was_ages_nobody() {
    let options = StoreOptions { preimage_bytes: CHUNK_BYTES, ..Default::default() };
    let world = World::with(options);
    let page_bytes = 3 * CHUNK_BYTES as usize;
    born(&world.store, page(1), &vec![1; page_bytes], world.number());
    let pin = world.pin();
    world.commit(&world.committer(), &[(page(1), Part::Fill(Span::new(0, 9), 2))]);
    assert_eq!(world.read(page(1), &pin).unwrap().1, vec![1; page_bytes]);
    assert_sound(&world.store);
}
