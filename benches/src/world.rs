//! A bus of 1 KiB pages beside a shadow of it: the same changes go to both, so the shadow's time is the limit
//! and its bytes are what the bus must hold.
//!
//! Invariant: after every repeat the pages that it changed are compared; a world that differs is an error.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use mmsb::{Bus, Epoch};
use mmsb_types::PageId;

use crate::{
    Random,
    clock::Stopwatch,
    pages::{CHANGED_PAGE_BYTES, Change},
    shadow::Shadow,
};

/// Pages that one commit of the filling creates.
const FILL_PAGES: usize = 32;
/// Changed pages that are compared after a repeat.
const COMPARED: usize = 1000;
const SETTLE_WAIT: Duration = Duration::from_secs(60);

/// A bus, its shadow, and the changes of the current repeat.
#[derive(Debug)]
pub struct World {
    /// The bus.
    pub bus: Bus,
    /// What its pages must hold.
    pub shadow: Shadow,
    /// The changes of this repeat.
    pub changes: Vec<Change>,
    pages: usize,
    random: Random,
}

impl World {
    /// Fills an empty bus with `pages` random pages, whose ids are 1 and so on.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(bus: Bus, pages: usize, mut random: Random) -> Result<Self> {
        let mut shadow = Shadow::new(pages);
        fill(&bus, pages, &mut random, |page, image| shadow.page_mut(page).copy_from_slice(image))?;
        Ok(Self { bus, shadow, changes: Vec::new(), pages, random })
    }

    /// Returns how many pages there are.
    #[must_use]
    pub const fn pages(&self) -> usize {
        self.pages
    }

    /// Makes `count` new changes for the next repeat.
    pub fn renew(&mut self, count: usize) {
        self.changes.clear();
        let (random, pages) = (&mut self.random, self.pages);
        self.changes.extend((0..count).map(|_| Change::random(random, pages)));
    }

    /// Makes the changes in the shadow and returns how long that took: the limit, in this very moment.
    pub fn limit(&mut self) -> Duration {
        let watch = Stopwatch::start();
        self.shadow.apply(&self.changes);
        watch.elapsed()
    }

    /// Waits until the log's own thread has nothing left to do.
    ///
    /// # Errors
    /// If it has after a minute.
    pub fn settle(&self) -> Result<()> {
        let start = Instant::now();
        while self.bus.stats().log.written < self.bus.epoch() {
            ensure!(start.elapsed() < SETTLE_WAIT, "the log was not written within {SETTLE_WAIT:?}");
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    /// Compares some of the pages that the last repeat changed.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify(&self) -> Result<()> {
        let step = self.changes.len().div_ceil(COMPARED).max(1);
        self.changes.iter().step_by(step).try_for_each(|change| self.compare(change.page))
    }

    /// Compares every page.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify_all(&self) -> Result<()> {
        let found = self.bus.pages().count();
        ensure!(found == self.pages, "the bus has {found} pages, not {}", self.pages);
        self.verify_filled()
    }

    /// Compares every page that the world was filled with, whatever else there is.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify_filled(&self) -> Result<()> {
        (1..=self.pages as u64).try_for_each(|page| self.compare(PageId::new(page)))
    }

    fn compare(&self, page: PageId) -> Result<()> {
        let same = self.bus.with_page(page, |bytes| bytes == self.shadow.page(page))?;
        ensure!(same, "{page} is not what its changes make of it");
        Ok(())
    }
}

/// Creates `pages` pages of random bytes in an empty bus, with ids 1 and so on, and shows each to `visit`.
///
/// # Errors
/// What the bus refuses.
pub fn fill(
    bus: &Bus,
    pages: usize,
    random: &mut Random,
    mut visit: impl FnMut(PageId, &[u8]),
) -> Result<()> {
    for first in (1..=pages).step_by(FILL_PAGES) {
        let mut tx = bus.begin();
        for number in first..(first + FILL_PAGES).min(pages + 1) {
            let page = tx.create_page(None, CHANGED_PAGE_BYTES)?;
            ensure!(page == PageId::new(number as u64), "{page} is the bus's page number {number}");
            let image = random.bytes(CHANGED_PAGE_BYTES);
            tx.write(page, 0, &image)?;
            visit(page, &image);
        }
        tx.commit()?;
    }
    Ok(())
}

/// Makes the changes in one transaction.
///
/// # Errors
/// What the bus refuses.
pub fn commit(bus: &Bus, changes: &[Change]) -> Result<Epoch> {
    let mut tx = bus.begin();
    for change in changes {
        tx.write(change.page, change.offset, change.bytes)?;
    }
    Ok(tx.commit()?.epoch)
}
