//! Many threads at once: no torn page, no lost change, nothing left behind.
//!
//! Every byte of a page tells its epoch and its id, so a copy that mixes two states, or comes from
//! another page that got the slot, gives itself away.

mod single;
mod world;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use mmsb_page::{PageLock, PageStore};

use self::world::World;
use crate::{assert_sound, born, epoch, page, read};

const ROUNDS: u64 = if cfg!(miri) { 25 } else { 20_000 };

#[test]
fn no_reader_sees_part_of_a_change() {
    let world = World::new(2);
    (1..=2).for_each(|id| world.bear(page(id), 999));
    let whole = world.run(2, |_, mut dice| {
        let committer = world.committer();
        for _ in 0..ROUNDS {
            world.change(page(1 + dice.roll(2)), &committer, false);
        }
    });
    assert!(whole > 0, "the readers never ran");
    assert_eq!(world.last.load(Ordering::Relaxed), 2 + 2 * ROUNDS);
    assert_sound(&world.store);
}

#[test]
fn deaths_and_new_lives_in_reused_slots_never_show_in_a_read() {
    let world = World::new(6);
    world.run(2, |_, mut dice| {
        let committer = world.committer();
        for _ in 0..ROUNDS {
            let id = page(1 + dice.roll(6));
            match dice.roll(4) {
                0 => world.change(id, &committer, true),
                1 => world.change(id, &committer, false),
                _ => world.bear(id, 60 + dice.roll(140) as u32),
            }
        }
    });
    let stats = world.store.stats();
    // Six living pages, a newborn per writer, of three classes: more would be slots lost.
    assert!(stats.slot_bytes + stats.free_bytes <= 8 * (64 + 128 + 192 + 256), "{stats:?}");
    assert_sound(&world.store);
}

/// Writes one more into the page than is there.
fn count_one(lock: PageLock<'_>) {
    let count = u64::from_le_bytes(lock.bytes().try_into().unwrap());
    let at = lock.epoch().next();
    let mut writer = lock.into_writer();
    writer.write(0, &(count + 1).to_le_bytes());
    writer.publish(at);
}

#[test]
fn two_commits_never_hold_one_page() {
    let store = PageStore::new();
    born(&store, page(1), &[0; 8], epoch(1));
    let add_one = || {
        let committer = store.committers().acquire(Duration::from_secs(60)).unwrap();
        (0..ROUNDS).for_each(|_| count_one(store.lock_wait(page(1), &committer).unwrap()));
    };
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(add_one))));
    assert_eq!(read(&store, page(1)), (epoch(3 * ROUNDS + 1), (3 * ROUNDS).to_le_bytes().to_vec()));
}

#[test]
fn dead_ids_are_forgotten_while_others_live_again() {
    let world = World::new(3 * 4096);
    let ids = world.id_count;
    world.bear(page(ids), 64);
    world.run(2, |_, mut dice| {
        let committer = world.committer();
        for _ in 0..ROUNDS {
            // A few ids of one block at a time, so that it is empty again and again.
            let id = page(4096 * dice.roll(3) + 1 + dice.roll(3));
            world.bear(id, 60 + dice.roll(9) as u32);
            world.change(id, &committer, true);
        }
    });
    assert_sound(&world.store);
}

#[test]
#[cfg_attr(miri, ignore = "needs mappings")]
fn slots_whose_memory_is_given_back_never_show_in_a_read() {
    // Dead, they are more than the megabyte that free slots may take.
    let world = World::new(160);
    let went_bare = AtomicBool::new(false);
    world.run(2, |writer, mut dice| {
        let committer = world.committer();
        let ids = || (1 + 80 * writer..=80 + 80 * writer).map(page);
        for _ in 0..ROUNDS / 2_000 {
            ids().for_each(|id| world.bear(id, 15_000 + dice.roll(1_000) as u32));
            ids().for_each(|id| world.change(id, &committer, true));
            went_bare.fetch_or(world.store.stats().bare_bytes > 0, Ordering::Relaxed);
        }
    });
    assert_eq!(went_bare.into_inner(), cfg!(target_os = "linux"));
    assert_sound(&world.store);
}
