//! A small bus, closed: its files, the places of its records, the hashes of all its states.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use mmsb::{
    Bus, CheckpointEvery, Epoch, PageId, Span, StateHash, state_hash,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{Cursor, FrameBuf, Log, LogDir, LogOptions, Reader, Scan, SectionBuf};

use super::BUS;

const COMMITS: u64 = 12;

/// The bus as bytes.
pub struct Small {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Where each record of the segment begins, its head first, and where the last one ends.
    pub places: Vec<u64>,
    /// Of the states from the empty one on.
    pub states: Vec<StateHash>,
}

impl Small {
    /// Makes one; another run makes another one of the same commits.
    pub fn new(run: u8) -> Result<Self> {
        let disk = MemoryVfs::new();
        let builder = Bus::builder().instance_id([run; 16]).without_threads().prewrite(false);
        let builder = builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None);
        let bus = builder.create_on(Arc::new(disk.clone()), Path::new(BUS))?;
        let mut states = vec![state_hash(&bus)?];
        let page = bus.create_page("page", 64)?;
        states.push(state_hash(&bus)?);
        for commit in 1..COMMITS {
            bus.put(page, (commit % 8 * 8) as u32, &(commit * 0x0101_0307))?;
            states.push(state_hash(&bus)?);
            if commit == COMMITS / 2 {
                bus.checkpoint()?;
            }
        }
        bus.stop()?;
        let mut files = BTreeMap::new();
        for name in disk.list(Path::new(BUS))? {
            files.insert(name.clone(), read(&disk, &name)?);
        }
        // It is empty, and means nothing but that somebody writes.
        files.remove("LOCK");
        let places = places(&LogDir::open(Arc::new(disk), Path::new(BUS))?)?;
        Ok(Self { files, places, states })
    }

    /// Puts the files on a disk of their own.
    pub fn disk(&self) -> Result<MemoryVfs> {
        let disk = MemoryVfs::new();
        disk.create_dir(Path::new(BUS))?;
        for (name, bytes) in &self.files {
            disk.create_new(&Path::new(BUS).join(name))?.write_at(0, bytes)?;
        }
        Ok(disk)
    }

    /// Returns the segment's name.
    pub fn segment(&self) -> Result<&str> {
        let segment = self.files.keys().find(|name| name.starts_with("seg-"));
        segment.map(String::as_str).context("a segment")
    }
}

fn read(disk: &MemoryVfs, name: &str) -> Result<Vec<u8>> {
    let file = disk.open(&Path::new(BUS).join(name), Access::ReadOnly)?;
    let mut bytes = vec![0; file.len()? as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

fn places(dir: &LogDir) -> Result<Vec<u64>> {
    let (start, end) = (Cursor::first(dir), Scan::run(dir)?.end);
    let mut reader = Reader::new(dir, start, end.lsn)?;
    let mut places = vec![0, start.lsn.get()];
    while reader.next_record()?.is_some() {
        places.push(reader.cursor().lsn.get());
    }
    Ok(places)
}

/// Appends a commit that no bus would make to a closed log.
pub fn append(dir: &LogDir, fault: &str) -> Result<()> {
    let mut batch = DeltaBatch::default();
    match fault {
        "orphan" => batch.push(PageId::new(1 << 20), Patch::Bytes { offset: 0, bytes: b"nobody's" }),
        "overlap" => {
            batch.push(PageId::FIRST, Patch::Bytes { offset: 0, bytes: b"mine" });
            batch.push(PageId::FIRST, Patch::Fill { span: Span::new(2, 3), byte: 0 });
        }
        _ => return Ok(()),
    }
    let mut frame = FrameBuf::default();
    frame.encode(&SectionBuf::default(), batch.view(), u32::MAX)?;
    let log = Log::open(dir, dir.lock()?, &Scan::run(dir)?, LogOptions::default())?;
    let room = log.room(frame.len())?;
    log.publish(log.reserve(room, frame.len()), &mut frame);
    log.close()?;
    Ok(())
}

/// Returns which of the states there were this one is.
pub fn is_state(small: &Small, epoch: Epoch, hash: StateHash) -> bool {
    small.states.get(epoch.get() as usize) == Some(&hash)
}
