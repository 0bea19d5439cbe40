//! Pages as plain byte arrays, and the door through which every engine is held against them.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{Coalescer, Combine, CpuOps, Fingerprint, GpuError, Job, PageHandle, PageOps, Step};
use mmsb_types::{PageId, Span};
use proptest::prelude::*;

use crate::cases::{Act, Case, Run, bytes};

/// Pages and what they should hold.
pub struct Model {
    pages: Vec<(PageHandle, Vec<u8>)>,
    winner: Winner,
}

/// Whose bytes stay where batches overlap.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    Last,
    /// A planted fault: batches are planned from the last one to the first.
    First,
}

/// Does a case on an engine and on byte arrays, and holds the one against the other after each act.
pub fn check(ops: &mut dyn PageOps, case: &Case) -> Result<(), TestCaseError> {
    check_with(ops, case, Winner::Last)
}

/// Checks, with a fault planted or without.
pub fn check_with(ops: &mut dyn PageOps, case: &Case, winner: Winner) -> Result<(), TestCaseError> {
    let mut model = Model::create(ops, &case.lengths, winner).expect("the budget holds every case");
    for act in &case.acts {
        model.act(ops, act).expect("acts fit their pages");
        model.holds(ops)?;
    }
    model.answers(ops)?;
    model.pages.iter().for_each(|(page, _)| ops.free(*page).expect("the page lives"));
    Ok(())
}

impl Model {
    fn create(ops: &mut dyn PageOps, lengths: &[u32], winner: Winner) -> Result<Self, GpuError> {
        let pages = lengths.iter().map(|len| Ok((ops.create(*len)?, vec![0; *len as usize])));
        Ok(Self { pages: pages.collect::<Result<_, GpuError>>()?, winner })
    }

    fn act(&mut self, ops: &mut dyn PageOps, act: &Act) -> Result<(), GpuError> {
        match act {
            Act::Zero(pages) => self.zero(ops, pages),
            Act::Copy { target, source } => self.copy(ops, self.index(*target), self.index(*source)),
            Act::Write { page, seed } => self.write(ops, self.index(*page), *seed),
            Act::Merge { page, seed, density } => self.merge(ops, self.index(*page), *seed, *density),
            Act::Batches(batches) => self.apply(ops, batches),
            Act::Propagate { combine, output, inputs, keep } => {
                self.propagate(ops, *combine, self.index(*output), inputs, *keep)
            }
            Act::Recreate { page } => self.recreate(ops, self.index(*page)),
        }
    }

    fn zero(&mut self, ops: &mut dyn PageOps, pages: &[usize]) -> Result<(), GpuError> {
        let pages: Vec<usize> = pages.iter().map(|page| self.index(*page)).collect();
        pages.iter().for_each(|page| self.pages[*page].1.fill(0));
        let handles: Vec<PageHandle> = pages.iter().map(|page| self.pages[*page].0).collect();
        ops.run(&[Step::Zero(&handles)])
    }

    fn copy(&mut self, ops: &mut dyn PageOps, target: usize, source: usize) -> Result<(), GpuError> {
        if target == source || !self.are_paired(target, source) {
            return Ok(());
        }
        self.pages[target].1 = self.pages[source].1.clone();
        ops.run(&[Step::Copy(&[(self.pages[target].0, self.pages[source].0)])])
    }

    fn write(&mut self, ops: &mut dyn PageOps, page: usize, seed: u64) -> Result<(), GpuError> {
        let (handle, model) = &mut self.pages[page];
        *model = bytes(seed, model.len());
        ops.write(*handle, model)
    }

    fn merge(&mut self, ops: &mut dyn PageOps, page: usize, seed: u64, density: u8) -> Result<(), GpuError> {
        let (page, model) = &mut self.pages[page];
        let new = bytes(seed, model.len());
        // Of nine densities the first masks nothing and the last everything, tails included.
        let draws = bytes(!seed, model.len().div_ceil(8) * 8);
        let bits: Vec<bool> = draws.iter().map(|draw| draw % 8 < density).collect();
        let bit_byte = |bits: &[bool]| (0..8).fold(0, |byte, bit| byte | u8::from(bits[bit]) << bit);
        let mask: Vec<u8> = bits.chunks(8).map(bit_byte).collect();
        let masked = model.iter_mut().zip(&new).zip(&bits).filter(|(_, bit)| **bit);
        masked.for_each(|((old, new), _)| *old = *new);
        ops.run(&[Step::Merge { page: *page, mask: &mask, bytes: &new }])
    }

    fn apply(&mut self, ops: &mut dyn PageOps, runs: &[Vec<Run>]) -> Result<(), GpuError> {
        let batches: Vec<DeltaBatch> = runs.iter().map(|runs| self.batch(runs)).collect();
        let mut views: Vec<_> = batches.iter().map(DeltaBatch::view).collect();
        for (page, patch) in views.iter().flat_map(|view| view.iter()) {
            patch.apply(&mut self.pages[page.get() as usize - 1].1).expect("made to fit");
        }
        if self.winner == Winner::First {
            views.reverse();
        }
        let mut coalescer = Coalescer::default();
        let handle = |page: PageId| Some(self.pages[page.get() as usize - 1].0);
        let plan = coalescer.plan(ops.slabs(), &views, handle).expect("made to fit");
        ops.apply(plan)
    }

    fn batch(&self, runs: &[Run]) -> DeltaBatch {
        let mut batch = DeltaBatch::default();
        for run in runs {
            let page = self.index(run.page);
            let page_bytes = self.pages[page].1.len() as u32;
            let (offset, id) = (run.offset % page_bytes, PageId::new(page as u64 + 1));
            let len = run.len.min(page_bytes - offset);
            let new = bytes(run.seed, page_bytes as usize);
            batch.push(id, patch(run, offset, len, &new));
        }
        batch
    }

    fn propagate(
        &mut self,
        ops: &mut dyn PageOps,
        combine: Combine,
        output: usize,
        inputs: &[(usize, u32)],
        keep: bool,
    ) -> Result<(), GpuError> {
        let inputs = inputs.iter().map(|(page, factor)| (self.index(*page), *factor));
        let inputs = inputs.filter(|(page, _)| *page != output && self.are_paired(*page, output));
        let inputs: Vec<(usize, u32)> = inputs.collect();
        if inputs.is_empty() || !self.pages[output].1.len().is_multiple_of(4) {
            return Ok(());
        }
        let handles: Vec<_> = inputs.iter().map(|(page, factor)| (self.pages[*page].0, *factor)).collect();
        let job = Job { output: self.pages[output].0, inputs: &handles, keep };
        let starts = words(&self.pages[output].1).map(|word| if keep { word } else { combine.identity() });
        let mut sums: Vec<u32> = starts.collect();
        for (page, factor) in inputs {
            let pairs = sums.iter_mut().zip(words(&self.pages[page].1));
            pairs.for_each(|(sum, word)| *sum = combine.fold(*sum, word, factor));
        }
        self.pages[output].1 = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        ops.run(&[Step::Propagate(combine, &[job])])
    }

    /// A page of another length in, most likely, the same slot: what was there must not show.
    fn recreate(&mut self, ops: &mut dyn PageOps, page: usize) -> Result<(), GpuError> {
        let (handle, model) = &mut self.pages[page];
        ops.free(*handle)?;
        assert!(matches!(ops.read(*handle), Err(GpuError::Stale { .. })));
        let len = model.len() - model.len() / 16;
        *handle = ops.create(len as u32)?;
        *model = vec![0; len];
        Ok(())
    }

    /// Holds every page's bytes against the model.
    fn holds(&self, ops: &mut dyn PageOps) -> Result<(), TestCaseError> {
        for (page, model) in &self.pages {
            prop_assert_eq!(&ops.read(*page).expect("the page lives"), model);
        }
        Ok(())
    }

    /// Holds every answer about pages against the model.
    fn answers(&self, ops: &mut dyn PageOps) -> Result<(), TestCaseError> {
        let handles: Vec<PageHandle> = self.pages.iter().map(|page| page.0).collect();
        let hashes = ops.blake3(&handles).expect("pages live");
        let prints = ops.fingerprints(&handles).expect("pages live");
        for (hash, (_, model)) in hashes.iter().zip(&self.pages) {
            prop_assert_eq!(*hash, *blake3::hash(model).as_bytes());
        }
        prop_assert_eq!(&prints, &self.twins_prints().expect("the budget holds every case"));
        for other in 1..self.pages.len() {
            prop_assert_eq!(prints[0] == prints[other], self.pages[0].1 == self.pages[other].1);
            if self.are_paired(0, other) {
                self.pair(ops, 0, other)?;
            }
        }
        Ok(())
    }

    /// The fingerprints that the host gives these bytes.
    fn twins_prints(&self) -> Result<Vec<Fingerprint>, GpuError> {
        let mut twins = CpuOps::new(32 << 10, 1 << 20);
        let pages = self.pages.iter().map(|(_, model)| {
            let page = twins.create(model.len() as u32)?;
            twins.write(page, model)?;
            Ok(page)
        });
        let pages: Vec<PageHandle> = pages.collect::<Result<_, GpuError>>()?;
        twins.fingerprints(&pages)
    }

    /// Holds comparison and difference of two pages against the model.
    fn pair(&self, ops: &mut dyn PageOps, one: usize, other: usize) -> Result<(), TestCaseError> {
        let ((page, ours), (next, theirs)) = (&self.pages[one], &self.pages[other]);
        let comparison = ops.compare(*page, *next).expect("pages live");
        let different =
            || (0..ours.len()).filter(|byte| ours[*byte] != theirs[*byte]).map(|byte| byte as u32);
        prop_assert_eq!(comparison.different_bytes, different().count() as u32);
        prop_assert_eq!(comparison.first, different().next());
        let mut blocks: Vec<u32> = different().map(|byte| byte / 256 * 256).collect();
        blocks.dedup();
        prop_assert_eq!(comparison.dirty_blocks().collect::<Vec<_>>(), blocks);
        let delta = ops.diff(*page, *next).expect("pages live");
        prop_assert_eq!(delta.bytes_changed(), different().count());
        let mut applied = ours.clone();
        mmsb_delta::apply(&delta, &mut applied).expect("of one length");
        prop_assert_eq!(&applied, theirs);
        Ok(())
    }

    fn are_paired(&self, one: usize, other: usize) -> bool {
        self.pages[one].1.len() == self.pages[other].1.len()
    }

    fn index(&self, page: usize) -> usize {
        page % self.pages.len()
    }
}

pub fn patch<'a>(run: &Run, offset: u32, len: u32, new: &'a [u8]) -> Patch<'a> {
    match (run.is_fill, run.len == u32::MAX) {
        (false, false) => Patch::Bytes { offset, bytes: &new[..len as usize] },
        (true, false) => Patch::Fill { span: Span::new(offset, len), byte: new[0] },
        (false, true) => Patch::Page { bytes: new },
        (true, true) => Patch::PageFill { page_bytes: new.len() as u32, byte: new[0] },
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word))
}
