//! Random transactions with propagation: a bus of pages of mixed sizes, some of them derived from others, to which the
//! same stream of numbers does the same, whenever and wherever.

use anyhow::{Context as _, Result};
use mmsb::{Bus, Inputs, PageId};

use crate::Random;

/// Lengths of pages, in bytes.
const SIZES: [usize; 6] = [8, 24, 40, 64, 200, 1000];
/// Pages that transactions write to, all along.
const WRITTEN: usize = 24;
/// Pages that are computed from three others each; of these, some are computed themselves.
const DERIVED: usize = 16;
/// Pages that come and go, at most.
const PASSING_MAX: usize = 16;

/// The bus, and where the stream of numbers stands.
#[derive(Debug)]
pub struct Field {
    /// The bus.
    pub bus: Bus,
    random: Random,
    written: Vec<PageId>,
    passing: Vec<PageId>,
}

impl Field {
    /// Makes the pages in an empty bus.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(bus: Bus, mut random: Random) -> Result<Self> {
        let create = |at: usize| bus.create_page(None, SIZES[at % SIZES.len()]);
        let written = (0..WRITTEN).map(create).collect::<Result<Vec<_>, _>>()?;
        let mut sources = written.clone();
        for at in 0..DERIVED {
            let page = create(at)?;
            let inputs = [(); 3].map(|()| sources[random.below(sources.len())]);
            bus.derive(page).from(inputs).named("mix", 1).with(mix)?;
            sources.push(page);
        }
        Ok(Self { bus, random, written, passing: Vec::new() })
    }

    /// Commits one transaction: some writes, and now and then a page comes or goes.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn cycle(&mut self) -> Result<()> {
        let mut tx = self.bus.begin();
        for _ in 0..=self.random.below(4) {
            let page = self.written[self.random.below(WRITTEN)];
            let page_bytes = self.bus.page_bytes(page)? as usize;
            let bytes = self.random.bytes(1 + self.random.clone().below(page_bytes.min(32)));
            tx.write(page, self.random.below(page_bytes - bytes.len() + 1) as u32, &bytes)?;
        }
        match self.random.below(32) {
            0 if self.passing.len() < PASSING_MAX => {
                let page_bytes = SIZES[self.random.below(SIZES.len())];
                self.passing.push(tx.create_page(None, page_bytes)?);
            }
            1 if !self.passing.is_empty() => {
                let gone = self.passing.swap_remove(self.random.below(self.passing.len()));
                tx.delete_page(gone)?;
            }
            _ => {}
        }
        tx.commit().map(drop).context("a transaction of the field")
    }
}

/// Mixes the inputs: every byte of the page depends on a byte of each.
pub fn mix(inputs: &Inputs<'_>, out: &mut [u8]) {
    for (at, byte) in out.iter_mut().enumerate() {
        let add = |sum: u8, input: &[u8]| sum.wrapping_mul(31).wrapping_add(input[at % input.len()]);
        *byte = inputs.iter().fold(at as u8, add);
    }
}
