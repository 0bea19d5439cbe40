//! Random commits and pins against the model: with room for all, with little, with pages in pieces.

mod model;

use mmsb_page::{PageStore, Pin, SnapshotError};
use mmsb_types::{PageId, Span};

use self::model::Model;
use super::{CHUNK_BYTES, Part, World};
use crate::{assert_sound, dice::Dice, epoch, page};

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
