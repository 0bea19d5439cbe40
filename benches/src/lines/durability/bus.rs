//! The buses of the rows: in a file, and no checkpoint but those that are asked for.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use mmsb::{Builder, Bus, CheckpointEvery, Durability};
use mmsb_tlog::{LogDir, checkpoint, vfs::OsVfs};
use mmsb_types::PageId;

use crate::{Context, pages::CHANGE_BYTES, world::World};

/// Pages of a full run.
const PAGES: usize = 1_000_000;
/// Pages of a quick run.
const PAGES_QUICK: usize = 65_536;

/// Returns how many pages the buses of this run have.
pub fn pages(context: &Context) -> usize {
    context.among([PAGES, PAGES_QUICK, PAGES_QUICK / 2])
}

/// Returns how often something long is repeated.
pub fn long_repeats(context: &Context) -> usize {
    if context.quick() { context.repeats() } else { crate::LONG_REPEATS_MIN }
}

/// Returns the settings of all buses; commits wait for nothing but room in the ring.
pub fn builder() -> Builder {
    let builder = Bus::builder().durability(Durability::Volatile);
    builder.checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// Creates a bus with random pages at `path`.
pub fn filled(context: &Context, builder: Builder, path: &Path) -> Result<World> {
    context.say(format!("durability: filling {} pages", pages(context)));
    let world = World::new(builder.create(path)?, pages(context), context.random())?;
    sync(&world.bus)?;
    Ok(world)
}

/// Waits until everything that was committed is on the disk.
pub fn sync(bus: &Bus) -> Result<()> {
    let mut tx = bus.begin().durability(Durability::Synced);
    // A commit of nothing waits for nothing.
    let mut bytes = [0; CHANGE_BYTES];
    bus.read(PageId::FIRST, 0, &mut bytes)?;
    tx.write(PageId::FIRST, 0, bytes)?;
    tx.commit()?;
    Ok(())
}

/// Checks every byte of the newest checkpoint, and of those that it builds on; returns how many files these are.
pub fn verify_chain(path: &Path) -> Result<usize> {
    let dir = LogDir::open(Arc::new(OsVfs), path)?;
    let manifest = dir.manifest();
    let newest = manifest.checkpoints.last().context("there is no checkpoint")?;
    let chain = manifest.chain(newest.epoch());
    for link in &chain {
        let bad = checkpoint::verify(&dir, link)?;
        ensure!(bad.is_empty(), "a checkpoint has {} bad blocks", bad.len());
    }
    Ok(chain.len())
}
