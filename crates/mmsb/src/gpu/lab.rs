//! Where pages are computed on a device: copies of inputs and outputs that stay there from one time to the next, so
//! that only what changed goes there, and only what changed comes back.
//!
//! The lab is apart from all mirrors: a wave waits for none of them. It keeps, on the host, what it sent and what came
//! back, and compares with that; so what is on the device is right whatever became of the commit that it was for.
//!
//! Invariant: while no call is under way, a page on the device that has a shadow holds the shadow's bytes.

use std::collections::HashMap;

use mmsb_delta::{DeltaBatch, Misfit, Patch, apply, diff_runs};
use mmsb_gpu::{
    Combine, Computed, Formula, GpuError, Insert, PageHandle, PageOps as _, PageState, Residents, Step,
};
use mmsb_types::{Epoch, PageId};

use super::{Gpu, Ops};

/// What a lab may take, in one slab, since a formula's inputs lie together (256 MiB, or what the device binds at once).
const BUDGET_BYTES: u64 = 256 << 20;
/// Ids of an output's second copy begin here; no page of a bus has such a one.
const SECOND: u64 = 1 << 63;

/// Pages that are computed on one device, and those that they are computed from.
#[derive(Debug)]
pub(crate) struct Lab {
    pages: Residents<Ops>,
    shadows: HashMap<PageId, Vec<u8>>,
    /// Which of an output's two copies has the newest bytes.
    is_second: HashMap<PageId, bool>,
    /// What the device compiled, by its source.
    formulas: HashMap<String, Formula>,
    /// Counts what was sent: the table of pages wants epochs.
    sent: Epoch,
}

/// What is to be computed.
pub(crate) struct Job<'j> {
    /// The page, of which there are two copies on the device: what it was before, and what becomes of it.
    pub output: PageId,
    pub page_bytes: usize,
    /// Its inputs; a page may come more than once.
    pub inputs: &'j [(PageId, &'j [u8])],
    pub by: By<'j>,
}

/// What a page is computed by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'j> {
    /// A kernel that combines integers, and the factors of its inputs.
    Combine(Combine, &'j [u32]),
    /// The source of a formula.
    Wgsl(&'j str),
}

impl Lab {
    pub(crate) fn open(gpu: &Gpu) -> Result<Self, GpuError> {
        let ops = gpu.open(BUDGET_BYTES, BUDGET_BYTES)?;
        let slab_bytes = u64::from(ops.slabs().slab_words()) * 4;
        let pages = Residents::new(Ops::with_engine(ops.into_engine(), slab_bytes, slab_bytes));
        let (shadows, is_second, formulas) = (HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Self { pages, shadows, is_second, formulas, sent: Epoch::ZERO })
    }

    /// Computes a page into `out`.
    ///
    /// # Errors
    /// What the device says; whatever is on it is sent again then.
    pub(crate) fn compute(&mut self, job: &Job<'_>, out: &mut [u8]) -> Result<(), GpuError> {
        // What is not put back, is sent again.
        let mut shadows = std::mem::take(&mut self.shadows);
        self.send(job, &mut shadows)?;
        let [old, new] = self.outputs(job.output);
        self.run(job, self.handle(new)?)?;
        let [before, behind] = [self.handle(old)?, self.handle(new)?];
        let delta = self.pages.ops_mut().diff(before, behind)?;
        let mut image = shadows.remove(&old).unwrap_or_default();
        apply(&delta, &mut image).map_err(|misfit| misread(&misfit))?;
        out.copy_from_slice(&image);
        shadows.insert(new, image);
        self.is_second.insert(job.output, new != job.output);
        self.shadows = shadows;
        Ok(())
    }

    /// Computes the page over its older copy. What a kernel leaves unwritten is zero.
    fn run(&mut self, job: &Job<'_>, output: PageHandle) -> Result<(), GpuError> {
        let inputs = job.inputs.iter().map(|(page, _)| self.handle(*page));
        let inputs: Vec<PageHandle> = inputs.collect::<Result<_, _>>()?;
        match job.by {
            By::Combine(combine, factors) => {
                let inputs: Vec<_> = inputs.into_iter().zip(factors.iter().copied()).collect();
                let job = mmsb_gpu::Job { output, inputs: &inputs, keep: false };
                self.pages.ops_mut().run(&[Step::Zero(&[output]), Step::Propagate(combine, &[job])])
            }
            By::Wgsl(source) => {
                let formula = self.formula(source)?;
                let job = Computed { output, inputs: &inputs };
                self.pages.ops_mut().run(&[Step::Zero(&[output]), Step::Compute(formula, &[job])])
            }
        }
    }

    /// Compiles a formula, once.
    fn formula(&mut self, source: &str) -> Result<Formula, GpuError> {
        if let Some(formula) = self.formulas.get(source) {
            return Ok(*formula);
        }
        let formula = self.pages.ops_mut().compile(source)?;
        self.formulas.insert(source.to_owned(), formula);
        Ok(formula)
    }

    /// Returns the output's copy that has what it was, and the one that gets what it becomes.
    fn outputs(&self, output: PageId) -> [PageId; 2] {
        let second = PageId::new(output.get() | SECOND);
        let is_second = self.is_second.get(&output).is_some_and(|is_second| *is_second);
        if is_second { [second, output] } else { [output, second] }
    }

    /// Sees to it that the device has the inputs as they are, and the output as it was.
    fn send(&mut self, job: &Job<'_>, shadows: &mut HashMap<PageId, Vec<u8>>) -> Result<(), GpuError> {
        let (mut batch, mut runs, mut missing) = (DeltaBatch::default(), Vec::new(), Vec::new());
        for (page, bytes) in job.inputs {
            let shadow = shadows.entry(*page).or_default();
            if self.pages.state(*page) != PageState::Clean || shadow.len() != bytes.len() {
                shadow.clear();
                shadow.extend_from_slice(bytes);
                missing.push(*page);
                continue;
            }
            diff_runs(shadow, bytes, &mut runs);
            for span in &runs {
                let place = span.offset as usize..span.end() as usize;
                batch.push(*page, Patch::Bytes { offset: span.offset, bytes: &bytes[place.clone()] });
                shadow[place.clone()].copy_from_slice(&bytes[place]);
            }
        }
        self.send_outputs(job, shadows, &mut missing);
        self.insert(&missing, shadows)?;
        self.sent = self.sent.next();
        self.pages.apply(&[(self.sent, batch.view())]).map(drop)
    }

    /// Both copies are of zeros where one of them is not what it should be.
    fn send_outputs(&self, job: &Job<'_>, shadows: &mut HashMap<PageId, Vec<u8>>, missing: &mut Vec<PageId>) {
        let [old, new] = self.outputs(job.output);
        let is_there = [old, new].iter().all(|page| self.pages.state(*page) == PageState::Clean);
        if !is_there || shadows.get(&old).is_none_or(|shadow| shadow.len() != job.page_bytes) {
            shadows.insert(old, vec![0; job.page_bytes]);
            shadows.insert(new, vec![0; job.page_bytes]);
            missing.extend([old, new]);
        }
    }

    fn insert(&mut self, pages: &[PageId], shadows: &HashMap<PageId, Vec<u8>>) -> Result<(), GpuError> {
        let epoch = self.sent;
        let inserts =
            pages.iter().map(|page| Insert { page: *page, bytes: &shadows[page], epoch, is_pinned: false });
        self.pages.insert_many(&inserts.collect::<Vec<_>>())
    }

    fn handle(&self, page: PageId) -> Result<PageHandle, GpuError> {
        let no_room = GpuError::OutOfMemory { need_bytes: 0, budget_bytes: BUDGET_BYTES };
        self.pages.handle(page).ok_or(no_room)
    }
}

fn misread(misfit: &Misfit) -> GpuError {
    GpuError::Validation { doing: "comparing an output", why: misfit.to_string() }
}
