//! What the threads of a schedule do.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Committed, Durability, Epoch, Error, PageId, Retention, Transaction,
    vfs::{FaultyVfs, faulty::Crash},
};
use mmsb_types::turns::turn;

use super::{
    book::{Book, Mark, Moved, State},
    builder,
};
use crate::{
    Rng,
    torture::{oracle::told, workload::PATH},
};

/// What two of the pages hold together.
const SUM: u64 = 1000;
/// The pages; what stands in the last one is written without a look at it.
const NAMES: [&str; 4] = ["first", "second", "count", "mark"];
/// A number stands at both ends of its page.
const ENDS: [u32; 2] = [0, 16];
const PAGE_BYTES: usize = 24;
/// Commits of one writer.
const COMMITS: usize = 4;
/// Turns that pass before the power goes, at most.
const TURNS_MAX: usize = 600;

/// What the threads share.
pub(super) struct Scene<'s> {
    pub(super) bus: Bus,
    pub(super) disk: &'s FaultyVfs,
    pub(super) book: &'s Book,
    pages: [PageId; 4],
}

impl<'s> Scene<'s> {
    /// Makes the pages.
    pub(super) fn new(bus: Bus, disk: &'s FaultyVfs, book: &'s Book) -> Result<Self, String> {
        let make = || {
            let mut tx = bus.begin().durability(Durability::Synced);
            let mut pages = [PageId::new(1); 4];
            for (page, name) in pages.iter_mut().zip(NAMES) {
                *page = tx.create_page(name, PAGE_BYTES)?;
            }
            put(&mut tx, &pages, &[SUM, 0, 0])?;
            book.made(told_of(&tx.commit()?), [SUM, 0, 0]);
            Ok(pages)
        };
        let pages = make().map_err(|error: Error| told("the first commit", &error))?;
        Ok(Self { bus, disk, book, pages })
    }
}

/// Commits, having read or not.
pub(super) fn write(scene: &Scene<'_>, dice: &mut Rng) -> Result<(), String> {
    for _ in 0..COMMITS {
        let durability = dice.pick(&[Durability::Volatile, Durability::Written, Durability::Synced]);
        let done =
            if dice.once_in(2) { mark(scene, dice, durability) } else { count(scene, dice, durability) };
        done.map_err(|error| told("a commit", &error))?;
    }
    Ok(())
}

/// Writes a number to the last page, in one run or in two.
fn mark(scene: &Scene<'_>, dice: &mut Rng, durability: Durability) -> Result<(), Error> {
    let (number, [.., page]) = (dice.any(), scene.pages);
    let mut tx = scene.bus.begin().durability(durability);
    match dice.once_in(2) {
        true => put(&mut tx, &[page], &[number])?,
        false => tx.write(page, 0, [number, 0, number].map(u64::to_le_bytes).as_flattened())?,
    }
    scene.book.marked(told_of(&tx.commit()?), Mark::Put(number));
    Ok(())
}

/// Moves some of the first page's number to the second's, and counts that.
fn count(scene: &Scene<'_>, dice: &mut Rng, durability: Durability) -> Result<(), Error> {
    let amount = 1 + dice.below(9) as u64;
    loop {
        match transfer(scene, amount, durability) {
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
            Ok((committed, moved)) => return Ok(scene.book.made(told_of(&committed), moved)),
        }
    }
}

fn transfer(scene: &Scene<'_>, amount: u64, durability: Durability) -> Result<(Committed, Moved), Error> {
    let mut tx = scene.bus.begin().durability(durability);
    let [first, second, count, _] = scene.pages;
    let moved = [
        tx.get::<u64>(first, 0)?.wrapping_sub(amount),
        tx.get::<u64>(second, 0)?.wrapping_add(amount),
        tx.get::<u64>(count, 0)? + 1,
    ];
    put(&mut tx, &scene.pages, &moved)?;
    Ok((tx.commit()?, moved))
}

/// Returns what the committer was told.
fn told_of(committed: &Committed) -> (Epoch, Durability) {
    (committed.epoch, committed.reached)
}

fn put(tx: &mut Transaction<'_>, pages: &[PageId], numbers: &[u64]) -> Result<(), Error> {
    for (&page, number) in pages.iter().zip(numbers) {
        for end in ENDS {
            tx.put(page, end, number)?;
        }
    }
    Ok(())
}

/// Looks at one moment, and at moments of the past.
pub(super) fn look(scene: &Scene<'_>, dice: &mut Rng) -> Result<(), String> {
    let mut before = Epoch::ZERO;
    for _ in 0..3 {
        let snapshot = scene.bus.snapshot();
        let epoch = snapshot.epoch();
        if epoch < before {
            return Err(format!("a snapshot of {epoch} behind one of {before}"));
        }
        before = epoch;
        let state = numbers(scene, |page| snapshot.with_page(page, |bytes| ends(bytes)))?;
        scene.book.saw("a snapshot", epoch.get(), state);
        let page = dice.pick(&scene.pages);
        scene.bus.with_page(page, |bytes| ends(bytes)).map_err(|error| told("reading", &error))??;
        look_back(scene, 1 + dice.below(epoch.get() as usize) as u64)?;
    }
    Ok(())
}

fn look_back(scene: &Scene<'_>, epoch: u64) -> Result<(), String> {
    match scene.bus.at(Epoch::new(epoch)) {
        Ok(past) => {
            let state = numbers(scene, |page| past.bytes(page).map(ends))?;
            scene.book.saw("a look back", epoch, state);
            Ok(())
        }
        Err(Error::HistoryGone { .. }) => Ok(()),
        Err(error) => Err(told("the past", &error)),
    }
}

fn numbers(
    scene: &Scene<'_>,
    read: impl Fn(PageId) -> Result<Result<u64, String>, Error>,
) -> Result<State, String> {
    let mut state = [0; 4];
    for (number, page) in state.iter_mut().zip(scene.pages) {
        *number = read(page).map_err(|error| told("reading", &error))??;
    }
    Ok(state)
}

/// Returns the number that stands at both ends.
fn ends(bytes: &[u8]) -> Result<u64, String> {
    let [first, last] =
        ENDS.map(|end| u64::from_le_bytes(*bytes[end as usize..].first_chunk().expect("8 bytes")));
    if first == last { Ok(first) } else { Err(format!("a page begins with {first} and ends with {last}")) }
}

/// Checkpoints, gives up old log, goes back.
pub(super) fn keep(scene: &Scene<'_>, dice: &mut Rng) -> Result<(), String> {
    for _ in 0..3 {
        let kept = match dice.below(4) {
            0 => scene.bus.compact_to(Retention::Epochs(1 + dice.below(4) as u64)).map(drop),
            1 => go_back(scene, dice),
            _ => scene.bus.checkpoint().map(drop),
        };
        kept.map_err(|error| told("a checkpoint, a compaction or a rewind", &error))?;
    }
    Ok(())
}

/// Rewinds to a state that was told of, if it is still there.
fn go_back(scene: &Scene<'_>, dice: &mut Rng) -> Result<(), Error> {
    let epoch = scene.bus.epoch().get().saturating_sub(dice.below(3) as u64);
    let Some(moved) = scene.book.at(epoch) else { return Ok(()) };
    match scene.bus.rewind(Epoch::new(epoch)) {
        Ok(rewound) => {
            let told = (rewound.epoch, rewound.reached);
            scene.book.made(told, moved);
            scene.book.marked(told, Mark::AsAt(epoch));
        }
        Err(Error::HistoryGone { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Cuts the power, or kills the process, at any time, and looks at what is left.
pub(super) fn cut(scene: &Scene<'_>, dice: &mut Rng) -> Result<(), String> {
    for _ in 0..2 {
        (0..dice.below(TURNS_MAX)).for_each(|_| turn());
        let (crash, promised) = match dice.below(3) {
            0 => (Crash::Keep, scene.book.written()),
            1 => (Crash::Lose, scene.book.synced()),
            _ => (Crash::Seeded(dice.any()), scene.book.synced().max(scene.bus.stats().log.durable.get())),
        };
        recover(&scene.disk.crash(crash), scene.book, promised)?;
    }
    Ok(())
}

/// Opens what is on a disk, which holds at least what was promised.
pub(super) fn recover(disk: &FaultyVfs, book: &Book, promised: u64) -> Result<(), String> {
    let opened = builder(&mut Rng::new(promised)).open_on(Arc::new(disk.clone()), Path::new(PATH));
    let bus = opened.map_err(|error| told("opening what is left", &error))?;
    let epoch = bus.epoch().get();
    if epoch < promised {
        return Err(format!("e{epoch} is left, and e{promised} was promised"));
    }
    if let [first, ..] = &*bus.check() {
        return Err(format!("what is left is unsound: {first:?}"));
    }
    let pages = NAMES.map(|name| bus.page(name));
    let mut state = [0; 4];
    for (number, page) in state.iter_mut().zip(pages) {
        let page = page.ok_or("a page has lost its name")?;
        *number = bus.with_page(page, ends).map_err(|error| told("reading", &error))??;
    }
    book.saw("a recovery", epoch, state);
    Ok(())
}
