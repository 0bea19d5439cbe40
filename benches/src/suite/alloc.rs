//! Pages that come to life, many in a commit.

use anyhow::{Result, ensure};
use mmsb::{Bus, PageId};

/// A bus that keeps no log, and pages that one commit creates.
#[derive(Debug)]
pub struct Allocation {
    bus: Bus,
    page_bytes: usize,
    count: usize,
    living: Vec<PageId>,
}

impl Allocation {
    /// Prepares commits that create `count` pages each.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(page_bytes: usize, count: usize) -> Result<Self> {
        let bus = Bus::builder().volatile()?;
        let mut allocation = Self { bus, page_bytes, count, living: Vec::with_capacity(count) };
        // Memory is new to the kernel the first time, and used again from then on.
        allocation.create()?;
        allocation.delete()?;
        Ok(allocation)
    }

    /// Creates the pages: this is the work.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn create(&mut self) -> Result<()> {
        let mut tx = self.bus.begin();
        for _ in 0..self.count {
            self.living.push(tx.create_page(None, self.page_bytes)?);
        }
        tx.commit()?;
        Ok(())
    }

    /// Writes to the pages, deletes them, and checks that they were all there and held zeros.
    ///
    /// # Errors
    /// If they were not; what the bus refuses.
    pub fn delete(&mut self) -> Result<()> {
        let found = self.bus.pages().count();
        ensure!(found == self.count, "{found} pages live, not {}", self.count);
        let mut tx = self.bus.begin();
        for page in self.living.drain(..) {
            let is_empty = self.bus.with_page(page, |bytes| bytes.iter().all(|byte| *byte == 0))?;
            ensure!(is_empty, "{page} was born with something in it");
            self.bus.write(page, 0, [0xa5; 64])?;
            tx.delete_page(page)?;
        }
        tx.commit()?;
        Ok(())
    }
}
