//! A little of everything: a bus in a file, from its creation to its checkpoint.

use std::{fs, path::Path};

use anyhow::{Result, ensure};
use mmsb::{Bus, EdgeKind, PageId};

use crate::{Random, pages::Change, world};

const PAGES: usize = 50;
const EDGES: usize = 10;
const UPDATES: usize = 200;

/// Creates 50 pages of 1 KiB, links 10 pairs of them, makes 200 updates of 32 bytes, each in a commit of its own that
/// waits for the kernel, and a checkpoint; `path` is gone before and after.
///
/// # Errors
/// What the bus or the disk refuses; if something is missing at the end.
pub fn mixed(path: &Path, random: &mut Random) -> Result<()> {
    let bus = Bus::create(path)?;
    world::fill(&bus, PAGES, random, |_, _| ())?;
    for first in 1..=EDGES as u64 {
        bus.link(PageId::new(first), PageId::new(first + EDGES as u64), EdgeKind::Data)?;
    }
    for Change { page, offset, bytes } in Change::many(random, UPDATES, PAGES) {
        bus.write(page, offset, bytes)?;
    }
    let made = bus.checkpoint()?;
    ensure!(made.epoch == bus.epoch() && made.page_count == PAGES as u64, "not all pages: {made:?}");
    bus.stop()?;
    fs::remove_dir_all(path)?;
    Ok(())
}
