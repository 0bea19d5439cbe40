//! A bus with all that there is to read: checkpoints, indexes, segments, frames short and long, a torn tail.

use std::{
    fs::{DirEntry, OpenOptions, read_dir},
    io::{self, Write},
    path::Path,
};

use mmsb::{Bus, Durability, Error};

use super::{copy, reader};
use crate::{
    Rng,
    torture::{oracle::told, workload::builder},
};

/// Commits before the checkpoint, and behind it.
const COMMITS: [usize; 2] = [60, 40];
/// Long enough that frames, stored pages and segments want more memory than may be refused by ending the process.
const LONG_BYTES: usize = 200 << 10;
const TORN_BYTES: usize = 40;

/// The files, and what is read from them.
pub(super) struct Store {
    dir: tempfile::TempDir,
    pub(super) expected: String,
}

impl Store {
    pub(super) fn new(seed: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = dir.path().join("bus");
        write(&path, &mut Rng::new(seed)).map_err(|error| told("writing the bus", &error))?;
        tear(&path).map_err(|error| error.to_string())?;
        let read = dir.path().join("read");
        copy(&path, &read).map_err(|error| error.to_string())?;
        let expected = reader::read(&read).map_err(|error| told("reading the bus", &error))?;
        Ok(Self { dir, expected })
    }

    pub(super) fn copy_to(&self, path: &Path) -> io::Result<()> {
        copy(&self.dir.path().join("bus"), path)
    }
}

fn write(path: &Path, dice: &mut Rng) -> Result<(), Error> {
    let bus = builder(0).state_hash_every(7).create(path)?;
    for count in COMMITS {
        bus.checkpoint()?;
        (0..count).try_for_each(|_| add_page(&bus, dice, 8))?;
        add_page(&bus, dice, LONG_BYTES)?;
    }
    Ok(())
}

/// Commits a page with a name and bytes that nothing makes shorter.
fn add_page(bus: &Bus, dice: &mut Rng, least: usize) -> Result<(), Error> {
    let bytes: Vec<u8> = (0..least + dice.below(300)).map(|_| dice.any() as u8).collect();
    let mut tx = bus.begin().durability(Durability::Synced);
    let page = tx.create_page(&*format!("page-{:x}", dice.any()), bytes.len())?;
    tx.write(page, 0, &bytes)?;
    tx.commit().map(drop)
}

/// Leaves a part of a record behind the last segment.
fn tear(path: &Path) -> io::Result<()> {
    let files = read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    let number = |file: &DirEntry| file.file_name().to_str()?.strip_prefix("seg-")?.parse::<u64>().ok();
    let last = files.iter().max_by_key(|file| number(file)).ok_or(io::ErrorKind::NotFound)?;
    OpenOptions::new().append(true).open(last.path())?.write_all(&[0x5a; TORN_BYTES])
}
