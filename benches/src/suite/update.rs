//! Pages of 1 KiB that are captured anew, some or all of their bytes changed.

use anyhow::{Result, ensure};
use mmsb::{Bus, PageId};

use crate::{
    Random,
    pages::{CHANGED_PAGE_BYTES, Pair},
};

const PAGES: usize = 1000;

/// Pages that change to and fro between two images each, one page a commit, on a bus that keeps no log.
#[derive(Debug)]
pub struct Updates {
    bus: Bus,
    pages: Vec<(PageId, Pair)>,
    next: usize,
}

impl Updates {
    /// Prepares a thousand pages whose images differ in so many bytes of a hundred.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(random: &mut Random, percent: usize) -> Result<Self> {
        let bus = Bus::builder().volatile()?;
        let pairs = Pair::many(random, PAGES, CHANGED_PAGE_BYTES, percent);
        let create = |pair: Pair| {
            let page = bus.create_page(None, CHANGED_PAGE_BYTES)?;
            bus.capture(page, &pair.old)?;
            Ok((page, pair))
        };
        let pages = pairs.into_iter().map(create).collect::<Result<_>>()?;
        Ok(Self { bus, pages, next: 0 })
    }

    /// Captures the next page: this is the work.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn capture(&mut self) -> Result<()> {
        let (page, pair) = &self.pages[self.next % PAGES];
        let is_old = (self.next / PAGES).is_multiple_of(2);
        self.next += 1;
        self.bus.capture(*page, if is_old { &pair.new } else { &pair.old })?;
        Ok(())
    }

    /// Compares every page with the image that it has now.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify(&self) -> Result<()> {
        let (rounds, done) = (self.next / PAGES, self.next % PAGES);
        for (number, (page, pair)) in self.pages.iter().enumerate() {
            let is_new = (rounds + usize::from(number < done)) % 2 == 1;
            let expected = if is_new { &pair.new } else { &pair.old };
            let same = self.bus.with_page(*page, |bytes| bytes == expected)?;
            ensure!(same, "{page} is not what was captured");
        }
        Ok(())
    }
}
