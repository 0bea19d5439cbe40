//! Snapshots while others commit: every answer is checked, afterwards, against the whole history.
//!
//! Every byte of a page tells its epoch and its id. Writers note what they changed, readers what they saw:
//! as of a pinned epoch there is one right answer. Few chunks and short-lived pins keep memory scarce, so
//! that pre-images are reclaimed under readers all the time, and some pins age.

use std::{
    collections::BTreeMap,
    ops::Bound::{Included, Unbounded},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use mmsb_page::{Need, PageWriter, Pin, SnapshotError};
use mmsb_types::{Epoch, PageId, Span};

use crate::{
    assert_sound,
    dice::Dice,
    epoch, page,
    snapshots::{CHUNK_BYTES, World},
};

const WRITERS: usize = 2;
const READERS: usize = 2;
const COMMITS: u64 = if cfg!(miri) { 60 } else { 8_000 };
const TIME_MAX: Duration = Duration::from_secs(if cfg!(miri) { 600 } else { 20 });
const IDS: u64 = 8;

fn tell(at: Epoch, id: PageId) -> u8 {
    (at.get().wrapping_mul(131) ^ (at.get() >> 8).wrapping_mul(29) ^ id.get().wrapping_mul(59)) as u8
}

/// A change: the page's new length, or 0 for its end.
type Change = (PageId, Epoch, u32);

/// What a reader saw of a page: the epoch and length, or that it was not there.
type Seen = (PageId, Epoch, Option<(Epoch, u32)>);

struct Race {
    world: World,
    commits: u64,
    page_bytes_max: u64,
    over: AtomicBool,
    /// Odd while the writer is in a commit.
    turns: [AtomicU64; WRITERS],
    end: Instant,
}

/// What the readers came to.
#[derive(Debug, Default)]
struct Tally {
    seen: Vec<Seen>,
    aged: u64,
}

impl Race {
    /// Runs writers and readers side by side, then compares what was seen with what was done.
    #[track_caller]
    fn run(seed: u64, commits: u64, chunk_count: u64, page_bytes_max: u64) -> (u64, u64, World) {
        println!("seed {seed}, {chunk_count} chunks, pages of up to {page_bytes_max} bytes");
        let race = Self {
            world: World::new(chunk_count),
            commits,
            page_bytes_max,
            over: AtomicBool::new(false),
            turns: Default::default(),
            end: Instant::now() + TIME_MAX,
        };
        let (changes, tallies) = thread::scope(|scope| {
            let race = &race;
            let readers: Vec<_> = (0..READERS as u64)
                .map(|n| scope.spawn(move || race.watch(Dice(seed * 100 + 50 + n))))
                .collect();
            let writers: Vec<_> = (0..WRITERS)
                .map(|n| scope.spawn(move || race.write(n, Dice(seed * 100 + n as u64))))
                .collect();
            let done: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            race.over.store(true, Ordering::Relaxed);
            let changes: Vec<Change> =
                done.into_iter().flat_map(|done| done.expect("a writer failed")).collect();
            let tallies: Vec<_> =
                readers.into_iter().map(|reader| reader.join().expect("a reader failed")).collect();
            (changes, tallies)
        });
        let history = changes.into_iter().map(|(id, at, page_bytes)| ((id, at), page_bytes)).collect();
        let seen: Vec<_> = tallies.iter().flat_map(|tally| &tally.seen).copied().collect();
        seen.iter().for_each(|seen| verify(&history, *seen));
        assert_sound(&race.world.store);
        let aged = tallies.iter().map(|tally| tally.aged).sum();
        (seen.len() as u64, aged, race.world)
    }

    fn write(&self, turn: usize, mut dice: Dice) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..self.commits {
            if Instant::now() > self.end {
                break;
            }
            self.turns[turn].fetch_add(1, Ordering::SeqCst);
            self.commit(&mut dice, &mut changes);
            self.turns[turn].fetch_add(1, Ordering::SeqCst);
            // Pins and commits should alternate, however few processors there are.
            if dice.roll(3) == 0 {
                thread::yield_now();
            }
        }
        changes
    }

    /// Changes, ends, or gives birth to one to three pages, by the numbered protocol.
    fn commit(&self, dice: &mut Dice, changes: &mut Vec<Change>) {
        let store = &self.world.store;
        let mut ids: Vec<_> = (0..=dice.roll(3)).map(|_| page(1 + dice.roll(IDS))).collect();
        ids.sort();
        ids.dedup();
        let committer = self.world.committer();
        assert!(store.stash(&committer, Need::of(ids.len() as u64, ids.len() as u64 * self.page_bytes_max)));
        // By rising id, so two that wait never wait for each other.
        let locks: Vec<_> = ids.iter().filter_map(|&id| store.lock_wait(id, &committer).ok()).collect();
        let births: Vec<_> = ids
            .iter()
            .filter_map(|&id| store.prepare(id, 1 + dice.roll(self.page_bytes_max) as u32).ok())
            .collect();
        let at = self.world.number();
        let mut writers: Vec<_> = locks.into_iter().map(|lock| lock.into_writer()).collect();
        writers.iter_mut().for_each(|writer| writer.preserve(at));
        for writer in writers {
            changes.push(end(writer, at, dice.roll(6) == 0));
        }
        for mut new in births {
            let (id, page_bytes) = (new.page(), new.page_bytes());
            new.fill(Span::new(0, page_bytes), tell(at, id));
            new.publish(at);
            changes.push((id, at, page_bytes));
        }
    }

    /// Pins, looks at all pages a few times, and drops, with a few pins alive.
    fn watch(&self, mut dice: Dice) -> Tally {
        let (mut tally, mut pins) = (Tally::default(), Vec::new());
        while !self.over.load(Ordering::Relaxed) {
            if pins.len() > dice.roll(12) as usize {
                drop(pins.swap_remove(dice.roll(pins.len() as u64) as usize));
            } else {
                pins.push(self.world.pin());
                self.wait_for_commits();
                thread::yield_now();
            }
            for pin in &pins {
                self.look(page(1 + dice.roll(IDS)), pin, &mut dice, &mut tally);
            }
        }
        tally
    }

    /// Waits until every commit that is under way is published.
    fn wait_for_commits(&self) {
        for turn in &self.turns {
            let was = turn.load(Ordering::SeqCst);
            while was % 2 == 1 && turn.load(Ordering::SeqCst) == was {
                thread::yield_now();
            }
        }
    }

    fn look(&self, id: PageId, pin: &Pin, dice: &mut Dice, tally: &mut Tally) {
        let (store, mut bytes) = (&self.world.store, Vec::new());
        let seen = match store.read_page_at(id, pin, &mut bytes) {
            Err(SnapshotError::Aged { .. }) => {
                assert!(pin.is_aged());
                tally.aged += 1;
                return;
            }
            Err(_) => None,
            Ok(seq) => {
                assert!(bytes.iter().all(|&byte| byte == tell(seq, id)), "{id} of {seq} at {pin:?}: torn");
                Some((seq, bytes.len() as u32))
            }
        };
        tally.seen.push((id, pin.epoch(), seen));
        if let Some((seq, page_bytes)) = seen {
            self.look_at_part(id, pin, dice, (seq, page_bytes));
        }
    }

    /// A part of a page is what the whole was, or the pin has aged meanwhile.
    fn look_at_part(&self, id: PageId, pin: &Pin, dice: &mut Dice, (seq, page_bytes): (Epoch, u32)) {
        let mut part = [0; 16];
        let offset = dice.roll(page_bytes.into()) as u32;
        let len = (page_bytes - offset).min(16) as usize;
        match self.world.store.read_at(id, pin, offset, &mut part[..len]) {
            Ok(again) => {
                assert_eq!((again, &part[..len]), (seq, &[tell(seq, id); 16][..len]), "{id} at {pin:?}")
            }
            Err(error) => {
                assert!(matches!(error, SnapshotError::Aged { .. }) && pin.is_aged(), "{error}")
            }
        }
    }
}

/// Rewrites a page from both ends, or ends its life.
fn end(mut writer: PageWriter<'_>, at: Epoch, retire: bool) -> Change {
    let (id, page_bytes) = (writer.page(), writer.page_bytes());
    if retire {
        writer.retire(at);
        return (id, at, 0);
    }
    let half = page_bytes / 2;
    writer.fill(Span::new(half, page_bytes - half), tell(at, id));
    writer.fill(Span::new(0, half), tell(at, id));
    writer.publish(at);
    (id, at, page_bytes)
}

fn verify(history: &BTreeMap<(PageId, Epoch), u32>, (id, at, seen): Seen) {
    let newest = history.range((Unbounded, Included((id, at)))).next_back();
    let expect = newest.filter(|((of, _), page_bytes)| *of == id && **page_bytes != 0);
    let expect = expect.map(|((_, seq), page_bytes)| (*seq, *page_bytes));
    assert_eq!(seen, expect, "{id} at {at}");
}

#[test]
fn what_a_snapshot_shows_is_what_was() {
    let (seen, aged, world) = Race::run(1, COMMITS, 400, CHUNK_BYTES / 64);
    let stats = world.store.preimage_stats();
    println!("{seen} right, {aged} aged, {stats:?}");
    assert!(seen > 0 && stats.saved > 0, "{stats:?}");
    assert_eq!((stats.pins, stats.aged_below, aged), (0, epoch(0), 0));
}

#[test]
fn with_scarce_memory_a_snapshot_shows_what_was_or_has_aged() {
    for (seed, chunk_count) in (2..).zip([3, 6, 12]) {
        let (seen, aged, world) = Race::run(seed, COMMITS, chunk_count, CHUNK_BYTES / 16);
        let stats = world.store.preimage_stats();
        println!("{seen} right, {aged} aged, {stats:?}");
        assert!(seen > 0 && stats.reclaims > 0 && stats.pins == 0, "{stats:?}");
    }
}

#[test]
fn pages_in_pieces_are_never_torn() {
    let (seen, aged, world) = Race::run(9, COMMITS / 6, 24, 3 * CHUNK_BYTES);
    let stats = world.store.preimage_stats();
    println!("{seen} right, {aged} aged, {stats:?}");
    assert!(seen > 0 && stats.reclaims > 0, "{stats:?}");
}
