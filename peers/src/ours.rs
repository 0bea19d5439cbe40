//! MMSB, given the same work as its peers.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail, ensure};
use benches::{
    logs::Appender,
    pages::{CHANGED_PAGE_BYTES, Change},
    world,
};
use mmsb::{Builder, Bus, CheckpointEvery, Durability, PageId};
use mmsb_delta::Patch;
use mmsb_tlog::vfs::OsVfs;

use crate::work::{Contender, Image, Mode, OURS, Pages, Records, Work};

inventory::submit! { Contender { name: OURS, work: Work::Memory(memory) } }
inventory::submit! { Contender { name: OURS, work: Work::Disk(disk) } }
inventory::submit! { Contender { name: OURS, work: Work::Log(log) } }

struct Live(Bus);

struct Log(Appender);

fn builder(durability: Durability) -> Builder {
    let builder = Bus::builder().durability(durability).checkpoint_every(CheckpointEvery::NEVER);
    builder.checkpoint_on_stop(None)
}

/// A bus whose log goes nowhere.
fn memory(_: usize) -> Result<Box<dyn Pages>> {
    Ok(Box::new(Live(builder(Durability::Volatile).volatile()?)))
}

fn disk(folder: &Path, mode: Mode, _: usize) -> Result<Option<Box<dyn Pages>>> {
    let durability = if mode == Mode::Synced { Durability::Synced } else { Durability::Volatile };
    let (builder, path) = (builder(durability), folder.join("bus"));
    Ok(Some(Box::new(Live(if path.exists() { builder.open(path)? } else { builder.create(path)? }))))
}

fn log(folder: &Path, _: Mode) -> Result<Box<dyn Records>> {
    Ok(Box::new(Log(Appender::create(Arc::new(OsVfs), &folder.join("log"))?)))
}

impl Pages for Live {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        let mut tx = self.0.begin().durability(Durability::Volatile);
        for (number, image) in (first..).zip(images) {
            let page = tx.create_page(None, CHANGED_PAGE_BYTES)?;
            ensure!(page == PageId::new(number), "{page} is the bus's page number {number}");
            tx.write(page, 0, image)?;
        }
        tx.commit()?;
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        world::commit(&self.0, changes).map(drop)
    }

    fn settle(&mut self) -> Result<()> {
        while self.0.stats().log.written < self.0.epoch() {
            std::thread::yield_now();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        match self.0.checkpoint() {
            Err(mmsb::Error::NoDirectory) => Ok(()),
            made => Ok(made.map(drop)?),
        }
    }

    fn rest(&mut self) -> Result<()> {
        // An empty frame waits for what is before it.
        let reached = self.0.ticks().durability(Durability::Synced).run(|_| Ok(()))?.reached;
        ensure!(reached == Durability::Synced, "what was filled is {reached:?}");
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let moment = self.0.snapshot();
        (1..=count).try_for_each(|page| moment.read(PageId::new(page), 0, bytes).map(drop))?;
        Ok(())
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        self.0.read(PageId::new(page), 0, bytes)?;
        Ok(())
    }

    fn copy<'f>(&mut self, home: &'f Path, _: &'f Path) -> Result<Option<&'f Path>> {
        let made = self.0.checkpoint()?;
        ensure!(made.is_full && made.epoch == self.0.epoch(), "{made:?} holds something else");
        Ok(Some(home))
    }
}

impl Records for Log {
    fn append(&mut self, changes: &[Change]) -> Result<()> {
        self.0.append(changes).map(drop)
    }

    fn append_all(&mut self, changes: &[Change], count: usize) -> Result<()> {
        self.0.append_all(changes, count).map(drop)
    }

    fn read_back(&mut self, visit: &mut dyn FnMut(Change) -> Result<()>) -> Result<()> {
        self.0
            .read_back(|_, batch| batch.iter().try_for_each(|(page, patch)| visit(change(page, patch)?)))?;
        Ok(())
    }
}

/// Returns the patch as the change that it was made of.
fn change(page: PageId, patch: Patch<'_>) -> Result<Change> {
    let Patch::Bytes { offset, bytes } = patch else { bail!("{page} got {patch:?}") };
    Ok(Change { page, offset, bytes: bytes.try_into()? })
}
