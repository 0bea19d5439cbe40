//! The shortest commits there are, one like the other: where a torn tail comes back behind what was appended after
//! its cut, its records stand in the right places and have the right numbers.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Durability, Epoch, Error, PageId,
    vfs::{FaultyVfs, faulty::Moment},
};

use super::cuts_after;
use crate::{
    Rng,
    torture::{
        oracle::told,
        workload::{PATH, builder},
    },
};

/// Commits of the first life, none of them synced.
const OLD_COUNT: u64 = 6;
/// The most commits of the second.
const NEW_COUNT: u64 = 3;
/// Power cuts of each life that are gone into.
const CUTS_MAX: u64 = 24;
/// What the second life writes is told from the first one's by this.
const NEW: u64 = 1 << 32;

/// Lives twice, with a power cut behind each life; returns how many ends were looked at.
pub(super) fn run(seed: u64) -> Result<u64, String> {
    let disk = FaultyVfs::new();
    let bus = builder(seed).create_on(Arc::new(disk.clone()), Path::new(PATH));
    let bus = bus.map_err(|error| told("creating", &error))?;
    let page = put_page(&bus).map_err(|error| told("a first commit", &error))?;
    let old = writes(&disk, &bus, page, OLD_COUNT, 0)?;
    drop(bus);
    let mut tried = 0;
    for first in
        old.last().into_iter().flat_map(|last| cuts_after(last, CUTS_MAX, seed).map(|cut| last.crash(&cut)))
    {
        tried += second_life(&first, page, seed ^ tried)?;
    }
    Ok(tried)
}

fn put_page(bus: &Bus) -> Result<PageId, Error> {
    let mut tx = bus.begin().durability(Durability::Synced);
    let page = tx.create_page(None, 8)?;
    tx.commit()?;
    Ok(page)
}

/// Commits the numbers of their epochs, marked, and returns the disk after each change.
fn writes(disk: &FaultyVfs, bus: &Bus, page: PageId, count: u64, mark: u64) -> Result<Vec<Moment>, String> {
    disk.record();
    for _ in 0..count {
        let value = bus.epoch().next().get() | mark;
        bus.put(page, 0, &value).map_err(|error| told("a commit", &error))?;
    }
    Ok(disk.take_moments())
}

fn second_life(disk: &FaultyVfs, page: PageId, seed: u64) -> Result<u64, String> {
    let (before, bus) = open(disk)?;
    let count = 1 + Rng::new(seed).below(NEW_COUNT as usize) as u64;
    let moments = writes(disk, &bus, page, count, NEW)?;
    drop(bus);
    let Some(last) = moments.last() else { return Ok(0) };
    let mut tried = 0;
    for cut in cuts_after(last, CUTS_MAX, seed) {
        let (epoch, bus) = open(&last.crash(&cut))?;
        let value = bus.get::<u64>(page, 0).map_err(|error| told("reading", &error))?;
        let expected = match epoch {
            Epoch::ZERO => return Err("a synced commit is gone".into()),
            _ if epoch.get() == 1 => 0,
            _ if epoch <= before => epoch.get(),
            _ => epoch.get() | NEW,
        };
        if value != expected || epoch.get() > before.get() + count {
            return Err(format!(
                "{epoch} shows {value:#x}; {before} and {count} more there were; cut {cut:?}"
            ));
        }
        tried += 1;
    }
    Ok(tried)
}

fn open(disk: &FaultyVfs) -> Result<(Epoch, Bus), String> {
    let bus = builder(0).open_on(Arc::new(disk.clone()), Path::new(PATH));
    let bus = bus.map_err(|error| told("opening", &error))?;
    Ok((bus.epoch(), bus))
}
