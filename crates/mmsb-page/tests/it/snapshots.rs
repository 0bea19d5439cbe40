//! Pages as of a pinned epoch, against a model that keeps every state of every page.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use insta::assert_snapshot;
use mmsb_page::{
    Committer, Group, GroupBuf, Hold, Need, PageStore, PageWriter, Pin, SnapshotError, StoreOptions,
};
use mmsb_types::{Epoch, PageId, Span};

use crate::{assert_sound, born, dice::Dice, epoch, page};

/// Bytes of a chunk of pre-images.
pub(crate) const CHUNK_BYTES: u64 = if cfg!(miri) { 512 } else { 64 << 10 };

/// A store with room for so many chunks, and the word that commits take their numbers from.
pub(crate) struct World {
    pub(crate) store: PageStore,
    last: AtomicU64,
}

/// One page's part of a commit.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Create(u32),
    Fill(Span, u8),
    Delete,
}

impl World {
    pub(crate) fn new(chunk_count: u64) -> Self {
        let options = StoreOptions { preimage_bytes_max: chunk_count * CHUNK_BYTES, ..Default::default() };
        Self { store: PageStore::with_options(options), last: AtomicU64::new(0) }
    }

    pub(crate) fn committer(&self) -> Committer<'_> {
        self.store.committers().acquire(Duration::from_secs(60)).expect("a free owner number")
    }

    pub(crate) fn pin(&self) -> Pin {
        self.store.pin(|| epoch(self.last.fetch_add(0, Ordering::AcqRel)))
    }

    pub(crate) fn number(&self) -> Epoch {
        epoch(self.last.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Makes one commit, by the numbered protocol, of parts on distinct pages that can be had.
    pub(crate) fn commit(&self, committer: &Committer<'_>, parts: &[(PageId, Part)]) -> Epoch {
        let mut need = Need::default();
        parts.iter().filter_map(|(id, _)| self.store.page_bytes(*id)).for_each(|bytes| need.add(bytes));
        self.store.stash(committer, need);
        let mut births = Vec::new();
        let mut locks = Vec::new();
        for (id, part) in parts {
            match part {
                Part::Create(page_bytes) => births.push(self.store.prepare(*id, *page_bytes).unwrap()),
                part => locks.push((self.store.lock_wait(*id, committer).unwrap(), part)),
            }
        }
        let at = self.number();
        let writers: Vec<_> = locks.into_iter().map(|(lock, part)| (lock.into_writer(), part)).collect();
        for (writer, part) in writers {
            change(writer, part, at);
        }
        births.into_iter().for_each(|new| new.publish(at));
        at
    }

    fn read(&self, id: PageId, pin: &Pin) -> Result<(Epoch, Vec<u8>), SnapshotError> {
        let mut bytes = vec![0xcc; 3];
        let at = self.store.read_page_at(id, pin, &mut bytes)?;
        Ok((at, bytes))
    }
}

fn change(mut writer: PageWriter<'_>, part: &Part, at: Epoch) {
    match *part {
        Part::Fill(span, byte) => {
            writer.preserve(at);
            writer.fill(span, byte);
            writer.publish(at);
        }
        Part::Delete => writer.retire(at),
        Part::Create(_) => unreachable!("births have no writer"),
    }
}

/// Every state of every page.
#[derive(Default)]
struct Model {
    pages: BTreeMap<PageId, BTreeMap<Epoch, Option<Vec<u8>>>>,
}

impl Model {
    fn at(&self, id: PageId, at: Epoch) -> Option<(Epoch, &Vec<u8>)> {
        let (&seq, bytes) = self.pages.get(&id)?.range(..=at).next_back()?;
        bytes.as_ref().map(|bytes| (seq, bytes))
    }

    fn apply(&mut self, at: Epoch, parts: &[(PageId, Part)]) {
        for (id, part) in parts {
            let now = self.at(*id, at).map(|(_, bytes)| bytes.clone());
            let next = match part {
                Part::Create(page_bytes) => Some(vec![0; *page_bytes as usize]),
                Part::Delete => None,
                Part::Fill(span, byte) => now.map(|mut bytes| {
                    bytes[span.range()].fill(*byte);
                    bytes
                }),
            };
            self.pages.entry(*id).or_default().insert(at, next);
        }
    }
}

/// What a random walk came to.
#[derive(Debug, Default)]
struct Tally {
    right: u64,
    aged: u64,
}

const IDS: u64 = 10;

/// Makes random commits and pins, and reads at random pins: each answer is the model's, or `Aged`.
fn walk(seed: u64, chunk_count: u64, page_bytes_max: u64, steps: u64) -> (Tally, World) {
    println!("seed {seed}, {chunk_count} chunks, pages of up to {page_bytes_max} bytes");
    let (world, mut model, mut dice) = (World::new(chunk_count), Model::default(), Dice(seed));
    let mut tally = Tally::default();
    let mut pins: Vec<Pin> = Vec::new();
    for step in 0..steps {
        match dice.roll(8) {
            0 => pins.push(world.pin()),
            1 if !pins.is_empty() => drop(pins.swap_remove(dice.roll(pins.len() as u64) as usize)),
            2..=5 => {
                // Another thread's committer, now and then: each number has a stash of its own.
                let others: Vec<_> = (0..dice.roll(3)).map(|_| world.committer()).collect();
                let parts = parts(&mut dice, &world.store, page_bytes_max);
                let at = world.commit(&world.committer(), &parts);
                drop(others);
                model.apply(at, &parts);
            }
            _ => {
                for pin in &pins {
                    look(&world, &model, page(1 + dice.roll(IDS)), pin, &mut dice, &mut tally);
                }
            }
        }
        if pins.len() > 40 {
            pins.truncate(20);
        }
        if step % 100 == 0 {
            assert_sound(&world.store);
        }
    }
    assert_sound(&world.store);
    (tally, world)
}

fn parts(dice: &mut Dice, store: &PageStore, page_bytes_max: u64) -> Vec<(PageId, Part)> {
    let mut ids: Vec<_> = (0..=dice.roll(4)).map(|_| page(1 + dice.roll(IDS))).collect();
    ids.sort();
    ids.dedup();
    let part = |id: &PageId| match store.page_bytes(*id) {
        None => Part::Create(1 + dice.roll(page_bytes_max) as u32),
        Some(_) if dice.roll(8) == 0 => Part::Delete,
        Some(page_bytes) => {
            let offset = dice.roll(page_bytes.into()) as u32;
            let len = dice.roll(u64::from(page_bytes - offset) + 1) as u32;
            Part::Fill(Span::new(offset, len), dice.roll(256) as u8)
        }
    };
    let parts: Vec<_> = ids.iter().map(part).collect();
    ids.into_iter().zip(parts).collect()
}

#[track_caller]
fn look(world: &World, model: &Model, id: PageId, pin: &Pin, dice: &mut Dice, tally: &mut Tally) {
    let expect = model.at(id, pin.epoch());
    match world.read(id, pin) {
        Err(SnapshotError::Aged { .. }) => {
            assert!(pin.is_aged(), "{pin:?} refuses {id}");
            tally.aged += 1;
            return;
        }
        Err(error) => {
            assert_eq!((error, None), (SnapshotError::NotFound { page: id, at: pin.epoch() }, expect))
        }
        Ok((seq, bytes)) => assert_eq!(Some((seq, &bytes)), expect, "{id} at {pin:?}"),
    }
    tally.right += 1;
    let life = world.store.life_at(id, pin).ok();
    assert_eq!(life, expect.map(|(seq, bytes)| (bytes.len() as u32, seq)), "{id} at {pin:?}");
    let listed = world.store.lives_at(pin).find(|(listed, _)| *listed == id);
    assert_eq!(listed.map(|(_, life)| life.unwrap()), life, "{id} at {pin:?}");
    if let Some((_, bytes)) = expect {
        let offset = dice.roll(bytes.len() as u64) as usize;
        let mut out = vec![0xcc; dice.roll((bytes.len() - offset) as u64 + 1) as usize];
        world.store.read_at(id, pin, offset as u32, &mut out).unwrap();
        assert_eq!(out, bytes[offset..offset + out.len()], "{id} at {pin:?} from {offset}");
    }
}

const STEPS: u64 = if cfg!(miri) { 150 } else { 2000 };
const PAGE_BYTES: u64 = CHUNK_BYTES / 8;

#[test]
fn with_room_for_all_a_snapshot_is_always_right() {
    for seed in 1..=4 {
        let (tally, world) = walk(seed, 4000, PAGE_BYTES, STEPS);
        assert_eq!(tally.aged, 0);
        assert!(tally.right > STEPS / 2 && world.store.preimage_stats().saved > STEPS / 8, "{tally:?}");
    }
}

#[test]
fn with_little_room_a_snapshot_is_right_or_has_aged() {
    for (seed, chunk_count) in (1..).zip([0, 1, 2, 3, 5, 8, 13, 20]) {
        let (tally, world) = walk(seed, chunk_count, PAGE_BYTES, STEPS);
        let stats = world.store.preimage_stats();
        assert!(tally.right > STEPS / 10, "{tally:?}");
        assert!(tally.aged > 0 && stats.aged_below > epoch(0), "{tally:?}, {stats:?}");
        assert!(chunk_count < 2 || stats.reclaims > 0, "{stats:?}");
    }
}

#[test]
fn pages_longer_than_a_chunk_are_saved_in_pieces() {
    let (tally, _) = walk(7, 4000, 4 * CHUNK_BYTES, STEPS / 4);
    assert_eq!(tally.aged, 0);
    let (tally, world) = walk(8, 20, 4 * CHUNK_BYTES, STEPS / 4);
    assert!(tally.aged > 0 && world.store.preimage_stats().reclaims > 0, "{tally:?}");
}

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
fn the_oldest_snapshot_ages_first() {
    let world = World::new(8);
    born(&world.store, page(1), &[0; 1000], world.number());
    let committer = world.committer();
    let fill = |byte| world.commit(&committer, &[(page(1), Part::Fill(Span::new(0, 1000), byte))]);
    let mut pins = Vec::new();
    while !pins.first().is_some_and(Pin::is_aged) {
        pins.push(world.pin());
        fill(pins.len() as u8);
    }
    let aged = pins.iter().take_while(|pin| pin.is_aged()).count();
    assert!(aged < pins.len() / 4, "{aged} of {} aged", pins.len());
    let answers: Vec<_> = pins.iter().map(|pin| world.read(page(1), pin)).collect();
    let refused = answers.iter().take_while(|answer| answer.is_err()).count();
    assert!((1..=aged).contains(&refused), "{refused} of {aged} refused");
    for (byte, answer) in (0..=u8::MAX).cycle().zip(&answers).skip(refused) {
        assert_eq!(answer.as_ref().unwrap().1, [byte; 1000]);
    }
    assert_sound(&world.store);
}

#[test]
fn a_commit_larger_than_all_room_ages_snapshots_and_nothing_else() {
    let world = World::new(4);
    let page_bytes = 5 * CHUNK_BYTES as u32;
    born(&world.store, page(1), &vec![1; page_bytes as usize], world.number());
    born(&world.store, page(2), b"small", world.number());
    let (pin, committer) = (world.pin(), world.committer());
    world.commit(&committer, &[(page(1), Part::Fill(Span::new(3, 1), 9))]);
    assert!(pin.is_aged());
    assert_eq!(
        world.read(page(1), &pin).unwrap_err(),
        SnapshotError::Aged { page: page(1), at: pin.epoch() }
    );
    // What did not change is still there, and so is what a new snapshot sees.
    assert_eq!(world.read(page(2), &pin).unwrap().1, b"small");
    let pin = world.pin();
    world.commit(&committer, &[(page(2), Part::Fill(Span::new(0, 5), b'x'))]);
    assert_eq!(world.read(page(2), &pin).unwrap().1, b"small");
    assert_sound(&world.store);
}

#[test]
fn a_pin_in_the_making_counts_from_its_first_moment() {
    let world = World::new(4);
    born(&world.store, page(1), b"old", world.number());
    let committer = world.committer();
    let write = || world.commit(&committer, &[(page(1), Part::Fill(Span::new(0, 3), b'n'))]);
    write();
    born(&world.store, page(2), b"old", world.number());
    world.store.stash(&committer, Need::of(1, 3));
    // The commit comes after the number was taken, and before the pin is known.
    let pin = world.store.pin(|| {
        let at = epoch(world.last.fetch_add(0, Ordering::AcqRel));
        world.commit(&committer, &[(page(2), Part::Delete)]);
        at
    });
    assert_eq!(world.read(page(2), &pin).unwrap(), (epoch(3), b"old".to_vec()));
}

#[test]
fn a_panic_while_a_pin_is_made_leaves_none() {
    let world = World::new(4);
    born(&world.store, page(1), b"old", world.number());
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(world.store.pin(|| panic!("no number")));
    }));
    assert!(broken.is_err());
    world.commit(&world.committer(), &[(page(1), Part::Fill(Span::new(0, 3), 1))]);
    let stats = world.store.preimage_stats();
    assert_eq!((stats.saved, stats.pins), (0, 0), "nothing is saved for nobody");
}

#[test]
fn nothing_is_saved_that_no_snapshot_needs() {
    let world = World::new(4);
    let committer = world.committer();
    let fill = |id| [(page(id), Part::Fill(Span::new(0, 1), 7))];
    [1, 3].iter().for_each(|&id| born(&world.store, page(id), &[1], world.number()));
    world.commit(&committer, &fill(1));
    let (one, two) = (world.pin(), world.pin());
    let three = one.clone();
    born(&world.store, page(2), &[1], world.number());
    let saved = |parts: &[_]| {
        world.commit(&committer, parts);
        world.store.preimage_stats().saved
    };
    // A page's first change, its second; a page born since; after all pins are gone.
    let mut counts = vec![saved(&fill(1)), saved(&fill(1)), saved(&fill(2))];
    drop((one, two));
    assert_eq!(world.read(page(1), &three).unwrap().1, [7]);
    drop(three);
    world.commit(&committer, &[(page(1), Part::Delete)]);
    counts.push(saved(&fill(3)));
    assert_eq!(counts, [1, 1, 1, 1]);
    assert_sound(&world.store);
}

#[test]
fn idle_numbers_give_their_room_to_others() {
    let world = World::new(4);
    born(&world.store, page(1), &[0; 64], world.number());
    let committers: Vec<_> = (0..4).map(|_| world.committer()).collect();
    let last = world.committer();
    committers.iter().for_each(|committer| world.store.stash(committer, Need::of(1, 64)));
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
        world.store.stash(&committer, Need::of(1, page_bytes));
        world.store.preimage_stats().free_bytes / CHUNK_BYTES
    };
    assert_eq!([free(40 * CHUNK_BYTES), free(64), free(64)], [23, 63, 63]);
    // What can never be had takes nothing from others.
    assert_eq!(free(64 * CHUNK_BYTES), 63);
}

#[test]
fn refusals_say_what_and_why() {
    let (world, other) = (World::new(4), World::new(4));
    born(&world.store, page(1), b"12345", world.number());
    let pin = world.pin();
    let refused = |id, offset| world.store.read_at(page(id), &pin, offset, &mut [0; 3]).unwrap_err();
    let aged = SnapshotError::Aged { page: page(1), at: pin.epoch() };
    let lines = [refused(2, 0), refused(1, 3), refused(1, u32::MAX), aged].map(|error| error.to_string());
    assert_snapshot!(lines.join("\n"), @r"
    reading page:2 as of e1: no such page
    reading page:1 as of e1: 3 bytes from 3 pass its end at 5
    reading page:1 as of e1: 3 bytes from 4294967295 pass its end at 5
    reading page:1 as of e1: the snapshot has aged, its old bytes are not in memory any more
    ");
    let stranger = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other.read(page(1), &pin)));
    assert!(stranger.is_err(), "a pin of another store");
}

#[test]
fn a_group_saves_the_pages_it_will_change() {
    let world = World::new(4);
    (1..=4).for_each(|id| born(&world.store, page(id), b"old", world.number()));
    let (pin, committer, mut buffer) = (world.pin(), world.committer(), GroupBuf::default());
    world.store.stash(&committer, Need::of(4, 12));
    let mut group = Group::new(&world.store, &committer, &mut buffer);
    let ids = [1, 2, 1, 3];
    assert!(ids.iter().all(|&id| group.try_lock(page(id), 3) != Hold::Busy));
    let at = world.number();
    let mut writer = group.into_writer();
    // Page 3 is only a precondition.
    let changed = ids.iter().enumerate().filter(|(_, id)| **id != 3);
    writer.preserve(changed.map(|(index, id)| (index, page(*id))), at);
    writer.write(0, 0, b"n");
    writer.write(2, 1, b"w");
    writer.publish(1, at);
    writer.retire(page(2), at);
    writer.publish(1, at);
    writer.publish_unchanged();
    drop(writer);
    for id in 1..=4 {
        assert_eq!(world.read(page(id), &pin).unwrap().1, b"old", "page {id}");
    }
    assert_eq!(world.store.preimage_stats().saved, 2);
    assert_sound(&world.store);
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
