//! What is done in a cycle, and to whom.

use std::{collections::VecDeque, path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use mmsb::{
    Bus, CheckpointEvery, Retention, Snapshot, StateHash, state_hash,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_testkit::{Driver, agree};

use crate::Context;

const BUS: &str = "/bus";
/// Within the first record of a segment.
const DAMAGED_OFFSET: u64 = 84;
const SNAPSHOTS_MAX: usize = 4;
const KEPT_EPOCHS: u64 = 48;
/// A rewind goes back so many epochs at most.
const REACH: u64 = 12;

/// The bus, its model, and snapshots that are held.
pub struct Deeds {
    pub bus: Bus,
    disk: MemoryVfs,
    driver: Driver,
    snapshots: VecDeque<(Snapshot, StateHash)>,
    counts: [u64; 4],
}

impl Deeds {
    pub fn new(seed: u64) -> Result<Self> {
        let builder = Bus::builder().without_threads().prewrite(false).segment_bytes(16 << 10);
        let builder = builder.ring_bytes(0).checkpoint_every(CheckpointEvery::NEVER);
        let disk = MemoryVfs::new();
        let bus = builder.create_on(Arc::new(disk.clone()), Path::new(BUS))?;
        let driver = Driver::with_short_pages(seed);
        Ok(Self { bus, disk, driver, snapshots: VecDeque::new(), counts: [0; 4] })
    }

    /// Does what the cycle of this number asks for.
    pub fn cycle(&mut self, number: usize) -> Result<()> {
        match number % 16 {
            3 => self.rewind(),
            5 | 11 => self.hold()?,
            7 => self.branch(number as u64)?,
            13 => self.checkpoint(number)?,
            _ => self.driver.step(&self.bus),
        }
        Ok(())
    }

    /// Breaks something, if a test wants that.
    pub fn spoil(&mut self, context: &Context) -> Result<()> {
        if context.has_fault("unknown-write") {
            self.bus.create_page(None, 8)?;
        }
        if context.has_fault("damaged-log") {
            let newest = self.bus.log_report()?.segments.pop().context("a segment")?;
            let path = Path::new(BUS).join(format!("seg-{}", newest.segment));
            let (file, mut byte) = (self.disk.open(&path, Access::ReadWrite)?, [0]);
            file.read_at(DAMAGED_OFFSET, &mut byte)?;
            file.write_at(DAMAGED_OFFSET, &[byte[0] ^ 1])?;
        }
        Ok(())
    }

    pub fn tally(&self) -> String {
        let [rewinds, snapshots, branches, checkpoints] = self.counts;
        format!("{rewinds} rewinds, {snapshots} snapshots, {branches} branches, {checkpoints} checkpoints")
    }

    fn rewind(&mut self) {
        self.counts[0] += 1;
        self.driver.rewind(&self.bus, REACH);
    }

    /// Takes a snapshot; lets the oldest go, which must be what it was.
    fn hold(&mut self) -> Result<()> {
        self.counts[1] += 1;
        let snapshot = self.bus.snapshot();
        let hash = state_hash(&snapshot)?;
        self.snapshots.push_back((snapshot, hash));
        if self.snapshots.len() > SNAPSHOTS_MAX
            && let Some((oldest, hash)) = self.snapshots.pop_front()
        {
            ensure!(state_hash(&oldest)? == hash, "the snapshot of {} changed", oldest.epoch());
            agree::snapshot(&oldest, self.driver.model());
        }
        Ok(())
    }

    /// Goes another way for a while.
    fn branch(&mut self, seed: u64) -> Result<()> {
        self.counts[2] += 1;
        let branch = self.bus.branch(self.bus.epoch())?;
        let mut driver = self.driver.fork(self.bus.epoch(), seed);
        for _ in 0..4 {
            driver.step(&branch);
        }
        agree::branch(&branch, driver.model());
        Ok(())
    }

    fn checkpoint(&mut self, number: usize) -> Result<()> {
        self.counts[3] += 1;
        self.bus.checkpoint()?;
        if number.is_multiple_of(3) {
            self.bus.compact_to(Retention::Epochs(KEPT_EPOCHS))?;
            agree::live(&self.bus, self.driver.model());
        }
        Ok(())
    }
}
