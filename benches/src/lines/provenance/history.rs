//! A long history, and what is noted of it on the way.

use std::{ops::Range, path::Path};

use anyhow::{Result, ensure};
use mmsb::{Bus, Transaction};
use mmsb_types::PageId;

use crate::{
    Context, Random,
    pages::{CHANGE_BYTES, CHANGED_PAGE_BYTES, Change},
};

const PAGES: usize = 1000;
const DELTAS: usize = 2;
const CHAINS: [usize; 2] = [16, 40];
/// Of so many commits, one changes the chains' sources.
const CHAINED_EVERY: u64 = 100;

/// A source, and pages each computed from the one before.
pub struct Chain {
    pub pages: Vec<PageId>,
    /// The commit that changed the source last.
    pub epoch: u64,
}

/// What the bus must know.
pub struct History {
    /// Of each byte of each page the epoch that wrote it last.
    writers: Vec<Box<[u32; CHANGED_PAGE_BYTES]>>,
    pub chains: Vec<Chain>,
}

impl History {
    /// Makes so many commits on a new bus.
    pub fn make(context: &Context, path: &Path, commits: u64) -> Result<(Bus, Self)> {
        let (bus, mut random) = (Bus::create(path)?, context.random());
        let mut history = Self { writers: Vec::with_capacity(PAGES), chains: Vec::new() };
        (1..=PAGES).try_for_each(|number| history.create(&bus, PageId::new(number as u64)))?;
        for length in CHAINS {
            history.chains.push(chain(&bus, length)?);
        }
        // Who asks once asks again: from here on the bus makes indexes ahead.
        bus.provenance(PageId::new(1), 0..1)?;
        let first = bus.epoch().get() + 1;
        for number in first..first + commits {
            let mut tx = bus.begin().durability(mmsb::Durability::Volatile).label(number);
            history.fill(&mut tx, number, &mut random, context.has_fault("unnoted-write"))?;
            let made = tx.commit()?.epoch;
            ensure!(made.get() == number, "commit {number} made {made}");
        }
        Ok((bus, history))
    }

    fn create(&mut self, bus: &Bus, page: PageId) -> Result<()> {
        let created = bus.create_page(None, CHANGED_PAGE_BYTES)?;
        ensure!(created == page, "{created} is the bus's page {page}");
        self.writers.push(Box::new([bus.epoch().get() as u32; CHANGED_PAGE_BYTES]));
        Ok(())
    }

    /// Puts random deltas into a commit, and notes them, unless a test wants one that is not noted.
    fn fill(
        &mut self,
        tx: &mut Transaction<'_>,
        number: u64,
        random: &mut Random,
        is_silent: bool,
    ) -> Result<()> {
        for _ in 0..DELTAS {
            let Change { page, offset, bytes } = Change::random(random, PAGES);
            tx.write(page, offset, bytes)?;
            if !(is_silent && number.is_multiple_of(2)) {
                let writers = &mut self.writers[page.get() as usize - 1];
                writers[offset as usize..][..CHANGE_BYTES].fill(number as u32);
            }
        }
        if number.is_multiple_of(CHAINED_EVERY) {
            for chain in &mut self.chains {
                tx.put(chain.pages[0], 0, &number)?;
                chain.epoch = number;
            }
        }
        Ok(())
    }

    pub fn random_page(&self, random: &mut Random) -> (PageId, Range<u32>) {
        (PageId::new(1 + random.below(PAGES) as u64), 0..CHANGED_PAGE_BYTES as u32)
    }

    pub fn random_bytes(&self, random: &mut Random) -> (PageId, Range<u32>) {
        let (page, all) = self.random_page(random);
        let start = random.below(all.len() - CHANGE_BYTES + 1) as u32;
        (page, start..start + CHANGE_BYTES as u32)
    }

    /// Returns the last page of a chain, and the byte of it that every change of the source changes.
    pub fn end(&self, chain: usize) -> (PageId, Range<u32>) {
        let pages = &self.chains[chain].pages;
        (pages[pages.len() - 1], 0..1)
    }

    /// Returns who wrote these bytes, each.
    pub fn writers(&self, page: PageId, bytes: Range<u32>) -> &[u32] {
        &self.writers[page.get() as usize - 1][bytes.start as usize..bytes.end as usize]
    }

    pub fn page_bytes(&self) -> usize {
        self.writers.len() * CHANGED_PAGE_BYTES
    }
}

/// Makes a chain of computed pages behind a source.
fn chain(bus: &Bus, length: usize) -> Result<Chain> {
    let mut pages = vec![bus.create_page(None, size_of::<u64>())?];
    for step in 0..length {
        let page = bus.create_page(None, size_of::<u64>())?;
        bus.derive(page).from([pages[step]]).named("copy", 1).passthrough()?;
        pages.push(page);
    }
    Ok(Chain { pages, epoch: 0 })
}
