//! A shape as computed pages of a bus: a wave is a commit.

use anyhow::{Result, ensure};
use mmsb::{Bus, Inputs, PageId};

use crate::waves::{Shape, bare, compute, set_source};

/// A shape as computed pages of a bus that keeps no log.
#[derive(Debug)]
pub struct Sheet {
    shape: Shape,
    bus: Bus,
    pages: Vec<PageId>,
    /// The source's bytes.
    image: Vec<u8>,
    tick: u64,
}

impl Sheet {
    /// Makes the shape of pages of so many bytes.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn new(shape: Shape, page_bytes: usize) -> Result<Self> {
        let bus = Bus::builder().volatile()?;
        let create = |_: &Vec<u32>| bus.create_page(None, page_bytes);
        let pages = shape.inputs.iter().map(create).collect::<Result<Vec<PageId>, _>>()?;
        for (node, inputs) in shape.inputs.iter().enumerate().skip(1) {
            let inputs = inputs.iter().map(|&input| pages[input as usize]);
            let sum = |inputs: &Inputs<'_>, out: &mut [u8]| compute(inputs.iter(), out);
            bus.derive(pages[node]).from(inputs).named("sum", 1).with(sum)?;
        }
        Ok(Self { shape, bus, pages, image: vec![0; page_bytes], tick: 0 })
    }

    /// Returns how many pages a commit computes.
    #[must_use]
    pub fn computed(&self) -> usize {
        self.shape.computed()
    }

    /// Changes the source, and with it every page: this is the work.
    ///
    /// # Errors
    /// What the bus refuses.
    pub fn commit(&mut self) -> Result<()> {
        self.tick += 1;
        set_source(&mut self.image, self.tick);
        self.bus.write(self.pages[0], 0, &self.image)?;
        Ok(())
    }

    /// Compares every page with what a bare loop makes of the source.
    ///
    /// # Errors
    /// The first page that differs.
    pub fn verify(&self) -> Result<()> {
        let page = |_: &PageId| vec![0; self.image.len()].into_boxed_slice();
        let mut pages: Vec<Box<[u8]>> = self.pages.iter().map(page).collect();
        pages[0].copy_from_slice(&self.image);
        bare(&self.shape, &mut pages);
        let mut bytes = vec![0; self.image.len()];
        for (&id, page) in self.pages.iter().zip(&pages) {
            self.bus.read(id, 0, &mut bytes)?;
            ensure!(*bytes == **page, "{id} is not what the bare loop makes of it");
        }
        Ok(())
    }
}
