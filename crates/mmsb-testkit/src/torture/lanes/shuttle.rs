//! Schedules: writers, a reader, checkpoints, rewinds and power cuts on one bus, its own threads included, in orders
//! that shuttle chooses at every step of an atomic, a lock or a disk.
//!
//! Invariant: what a thread does follows from the seed of the schedule alone, so that the seed repeats it.

mod book;
mod deeds;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mmsb::{
    Builder, Bus, CheckpointEvery, SyncEvery,
    vfs::{FaultyVfs, faulty::Crash},
};
use mmsb_types::turns::{explore, thread::scope};

use self::{
    book::Book,
    deeds::{Scene, cut, keep, look, write},
};
use crate::{
    Rng,
    torture::{Tally, Task, oracle::told, pool, workload::PATH},
};

/// Schedules of one case.
const SCHEDULES: u64 = 50;

pub(super) fn run(task: &Task) -> Tally {
    pool::each("shuttle", task, task.cases.div_ceil(SCHEDULES), |case| {
        let seed = task.seed.wrapping_mul(0x9e37_79b9).wrapping_add(case);
        let (number, failed) = (AtomicU64::new(0), Arc::new(std::sync::Mutex::new(None)));
        let failure = Arc::clone(&failed);
        explore(seed, SCHEDULES as usize, move || {
            pool::beat();
            let number = number.fetch_add(1, Ordering::Relaxed);
            if let Err(what) = schedule(seed ^ number << 32) {
                let mut failure = failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                failure.get_or_insert(format!("schedule {number}: {what}"));
            }
        });
        let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        failed.take().map_or(Ok(SCHEDULES), Err)
    })
}

/// A bus with all its threads, whose files, syncs and checkpoints come quickly one after the other.
fn builder(dice: &mut Rng) -> Builder {
    let every = dice.once_in(2).then_some(2 + dice.below(4) as u64);
    let bytes = 1 << (6 + dice.below(6));
    Bus::builder()
        .ring_bytes(0)
        .page_bytes_max(1 << 20)
        .segment_bytes(512 << dice.below(4))
        .prewrite(dice.once_in(2))
        .sync_every(SyncEvery { bytes, ..SyncEvery::BEHIND })
        .checkpoint_every(CheckpointEvery { commits: every, ..CheckpointEvery::NEVER })
        .checkpoint_on_stop(dice.once_in(2).then_some(1))
        .state_hash_every(dice.below(4) as u64)
        .recovery_threads(dice.below(3))
        .instance_id([0x5a; 16])
}

/// One life of a bus, looked at while it lasts and when it is over.
fn schedule(seed: u64) -> Result<(), String> {
    let mut dice = Rng::new(seed);
    let (disk, book) = (FaultyVfs::new(), Book::default());
    let bus = builder(&mut dice).create_on(Arc::new(disk.clone()), Path::new(PATH));
    let scene = Scene::new(bus.map_err(|error| told("creating", &error))?, &disk, &book)?;
    scope(|scope| {
        let scene = &scene;
        let deeds = [write, write, look, keep, cut];
        for (number, deed) in (1..).zip(deeds) {
            scope.spawn(move || scene.book.note(deed(scene, &mut Rng::new(seed ^ number << 48))));
        }
    });
    end(scene, &mut dice)?;
    book.judge()
}

/// Ends the bus in one of three ways; what is there behind it is looked at.
fn end(scene: Scene<'_>, dice: &mut Rng) -> Result<(), String> {
    let (disk, book) = (scene.disk, scene.book);
    let newest = book.newest();
    match dice.below(3) {
        0 => drop(scene),
        1 => scene.bus.stop().map_err(|error| told("stopping", &error))?,
        _ => return deeds::recover(&disk.crash(Crash::Lose), book, book.synced()),
    }
    deeds::recover(disk, book, newest)
}
