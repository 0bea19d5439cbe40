//! Rows of whole commits: the same shapes as derived pages of a bus, a wave in each commit, all of it in the log.
//!
//! Reported beside the waves, without a bar: locks, deltas, frames and checksums are in, and the log goes into a disk
//! that drops everything ("volatile").

use anyhow::{Result, ensure};
use mmsb::{Bus, Inputs, PageId};

use crate::{
    Context, Outcome, Sample, Unit,
    clock::Stopwatch,
    pin::{pinned, processors},
    waves::{SHAPES, Shape, bare, compute, set_source},
};

const PAYLOADS: [(usize, &str); 2] = [(8, "8 B"), (1 << 10, "1 KiB")];
/// Pages that the commits of one repeat compute, at least.
const REPEAT_PAGES: usize = 40_000;

/// Adds the rows.
pub fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let processor = processors()?.first().copied().unwrap_or_default();
    for make in SHAPES {
        for (page_bytes, payload) in PAYLOADS {
            let shape = make();
            let name = format!("{}, {payload}, logged commits (volatile), a page", shape.name);
            context.say(format!("waves: {name}"));
            let (quick, repeats) = (context.quick(), context.repeats());
            let sample = pinned(processor, || Sheet::new(shape, page_bytes)?.measure(quick, repeats))?;
            outcome.figure(name, Unit::Nanoseconds, sample);
        }
    }
    Ok(())
}

/// A shape as derived pages of a bus.
struct Sheet {
    shape: Shape,
    bus: Bus,
    pages: Vec<PageId>,
    /// The source's bytes.
    image: Vec<u8>,
    tick: u64,
}

impl Sheet {
    fn new(shape: Shape, page_bytes: usize) -> Result<Self> {
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

    fn measure(&mut self, quick: bool, repeats: usize) -> Result<Sample> {
        let rounds = (REPEAT_PAGES / if quick { 4 } else { 1 } / self.shape.computed()).max(1);
        let commits = |sheet: &mut Self| (0..rounds).try_for_each(|_| sheet.commit());
        commits(self)?;
        let mut times = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let watch = Stopwatch::start();
            commits(self)?;
            times.push(watch.elapsed().as_secs_f64() * 1e9 / (rounds * self.shape.computed()) as f64);
            self.verify()?;
        }
        Sample::of(times)
    }

    fn commit(&mut self) -> Result<()> {
        self.tick += 1;
        set_source(&mut self.image, self.tick);
        self.bus.write(self.pages[0], 0, &self.image)?;
        Ok(())
    }

    fn verify(&self) -> Result<()> {
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
