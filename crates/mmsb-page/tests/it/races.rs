//! Many threads at once: no torn page, no lost change, nothing left behind.
//!
//! Every byte of a page tells its epoch and its id, so a copy that mixes two states, or comes from
//! another page that got the slot, gives itself away.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use mmsb_page::{Committer, PageStore};
use mmsb_types::{Epoch, PageId, Span};

use crate::{assert_sound, born, dice::Dice, epoch, page, read};

const ROUNDS: u64 = if cfg!(miri) { 25 } else { 20_000 };

fn tell(at: Epoch, id: PageId) -> u8 {
    (at.get().wrapping_mul(131) ^ id.get().wrapping_mul(59)) as u8
}

/// A store whose pages tell their epoch, and the counter of epochs.
struct World {
    store: PageStore,
    last: AtomicU64,
    over: AtomicBool,
    id_count: u64,
}

impl World {
    fn new(id_count: u64) -> Self {
        let (last, over) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { store: PageStore::new(), last, over, id_count }
    }

    /// Takes the next epoch: while the page is held or being born, so that each page's epochs rise.
    fn next(&self) -> Epoch {
        epoch(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn bear(&self, id: PageId, page_bytes: u32) {
        if let Ok(mut new) = self.store.prepare(id, page_bytes) {
            let at = self.next();
            new.fill(Span::new(0, page_bytes), tell(at, id));
            new.publish(at);
        }
    }

    /// Rewrites the page from both ends, or ends its life, or only looks.
    fn change(&self, id: PageId, committer: &Committer<'_>, retire: bool) {
        let Ok(lock) = self.store.lock_wait(id, committer) else { return };
        let (page_bytes, was) = (lock.page_bytes(), lock.epoch());
        assert!(lock.bytes().iter().all(|&byte| byte == tell(was, id)), "{id} as of {was}");
        let mut writer = lock.into_writer();
        let at = self.next();
        if retire {
            return writer.retire(at);
        }
        let half = page_bytes / 2;
        writer.fill(Span::new(half, page_bytes - half), tell(at, id));
        writer.write(0, &vec![tell(at, id); half as usize]);
        writer.publish(at);
    }

    /// Reads until the writers are done; returns how many whole copies it got.
    fn watch(&self, seed: u64) -> u64 {
        let (mut dice, mut bytes, mut whole) = (Dice(seed), Vec::new(), 0);
        let mut seen = vec![epoch(0); self.id_count as usize + 1];
        while !self.over.load(Ordering::Relaxed) {
            let id = page(1 + dice.roll(self.id_count));
            if let Ok(at) = self.store.read_page(id, &mut bytes) {
                assert!(bytes.iter().all(|&byte| byte == tell(at, id)), "{id} as of {at}: {bytes:?}");
                assert!(at >= seen[id.get() as usize], "{id} went back to {at}");
                seen[id.get() as usize] = at;
                whole += 1;
            }
            let mut part = [0; 24];
            if let Ok(at) = self.store.read(id, dice.roll(20) as u32, &mut part) {
                assert_eq!(part, [tell(at, id); 24], "{id} as of {at}");
            }
        }
        whole
    }

    /// Runs the writers side by side with two readers.
    fn run(&self, writers: u64, work: impl Fn(u64, Dice) + Sync) -> u64 {
        thread::scope(|scope| {
            let readers = [1, 2].map(|seed| scope.spawn(move || self.watch(seed)));
            let work = &work;
            let writers: Vec<_> = (0..writers).map(|n| scope.spawn(move || work(n, Dice(n + 100)))).collect();
            let done: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            self.over.store(true, Ordering::Relaxed);
            assert!(done.iter().all(Result::is_ok), "a writer failed");
            readers.map(|reader| reader.join().expect("a reader failed")).iter().sum()
        })
    }

    fn committer(&self) -> Committer<'_> {
        self.store.committers().acquire(Duration::from_secs(60)).expect("a free owner number")
    }
}

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

#[test]
fn two_commits_never_hold_one_page() {
    let store = PageStore::new();
    born(&store, page(1), &[0; 8], epoch(1));
    let add_one = || {
        let committer = store.committers().acquire(Duration::from_secs(60)).unwrap();
        for _ in 0..ROUNDS {
            let lock = store.lock_wait(page(1), &committer).unwrap();
            let count = u64::from_le_bytes(lock.bytes().try_into().unwrap());
            let at = lock.epoch().next();
            let mut writer = lock.into_writer();
            writer.write(0, &(count + 1).to_le_bytes());
            writer.publish(at);
        }
    };
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(add_one))));
    assert_eq!(read(&store, page(1)), (epoch(3 * ROUNDS + 1), (3 * ROUNDS).to_le_bytes().to_vec()));
}

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
