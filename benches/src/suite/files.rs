//! What a bus in a file takes to be kept, and to come back.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mmsb::{Builder, Bus, CheckpointEvery, Checkpointed, Durability};
use mmsb_types::PageId;

use crate::{
    Random,
    world::{World, commit, fill},
};

/// Of so many pages, one is compared.
const COMPARED_EVERY: u64 = 97;

fn builder() -> Builder {
    let builder = Bus::builder().durability(Durability::Volatile);
    builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// A bus of random pages of 1 KiB, its log on the disk, and no checkpoint yet.
#[derive(Debug)]
pub struct Filled {
    bus: Bus,
    path: PathBuf,
    pages: usize,
    known: Vec<(PageId, Vec<u8>)>,
}

impl Filled {
    /// Fills a bus at `path`.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(path: &Path, pages: usize, mut random: Random) -> Result<Self> {
        let (bus, mut known) = (builder().create(path)?, Vec::new());
        fill(&bus, pages, &mut random, |page, image| {
            if page.get() % COMPARED_EVERY == 1 {
                known.push((page, image.to_vec()));
            }
        })?;
        // The log is on the disk before the clock starts; a commit of nothing would wait for nothing.
        let mut tx = bus.begin().durability(Durability::Synced);
        tx.write(known[0].0, 0, &known[0].1)?;
        tx.commit()?;
        Ok(Self { bus, path: path.to_owned(), pages, known })
    }

    /// Makes a checkpoint: this is the work.
    ///
    /// # Errors
    /// What the disk refuses; if it does not hold every page.
    pub fn checkpoint(&self) -> Result<Checkpointed> {
        let made = self.bus.checkpoint()?;
        ensure!(made.is_full && made.page_count == self.pages as u64, "not all pages: {made:?}");
        Ok(made)
    }

    /// Closes the bus, so that it can be restored.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn close(&mut self) -> Result<()> {
        // Any bus but the filled one.
        Ok(std::mem::replace(&mut self.bus, Bus::builder().volatile()?).stop()?)
    }

    /// Opens the bus from its checkpoint: this is the work.
    ///
    /// # Errors
    /// What the bus or the disk refuses.
    pub fn restore(&self) -> Result<Bus> {
        Ok(builder().open_read_only(&self.path)?)
    }

    /// Compares what came back.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify(&self, restored: &Bus) -> Result<()> {
        let found = restored.pages().count();
        ensure!(found == self.pages, "{found} pages came back, not {}", self.pages);
        for (page, image) in &self.known {
            let same = restored.with_page(*page, |bytes| bytes == image)?;
            ensure!(same, "{page} came back as something else");
        }
        Ok(())
    }
}

/// A closed bus whose log makes pages of 1 KiB and goes on with commits of random deltas of 32 bytes.
#[derive(Debug)]
pub struct Logged {
    world: World,
    path: PathBuf,
    /// The length of its log.
    pub bytes: u64,
}

impl Logged {
    /// Writes the log.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(path: &Path, pages: usize, commits: usize, deltas: usize, random: Random) -> Result<Self> {
        let mut world = World::new(builder().create(path)?, pages, random)?;
        for _ in 0..commits {
            world.renew(deltas);
            commit(&world.bus, &world.changes)?;
            world.shadow.copy(&world.changes);
        }
        world.settle()?;
        let bytes = world.bus.stats().log.bytes;
        std::mem::replace(&mut world.bus, Bus::builder().volatile()?).stop()?;
        Ok(Self { world, path: path.to_owned(), bytes })
    }

    /// Opens the bus, which goes through the whole log: this is the work.
    ///
    /// # Errors
    /// What the bus or the disk refuses.
    pub fn replay(&self) -> Result<Bus> {
        Ok(builder().open_read_only(&self.path)?)
    }

    /// Compares every page with the model.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify(&mut self, replayed: Bus) -> Result<()> {
        self.world.bus = replayed;
        self.world.verify_all()
    }
}
