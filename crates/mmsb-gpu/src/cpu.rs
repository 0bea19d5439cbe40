//! The host as an engine: a twin of every kernel, each in a file of its kernel's name.
//!
//! A twin reads the same tiles and words as its kernel and writes the same bytes. It is what kernels are held
//! against, and what runs where there is no device.

mod delta_merge;
mod page_blake3;
mod page_compare;
mod page_copy;
mod page_fingerprint;
mod page_zero;
mod propagate;
mod snapshot_diff;
mod sparse_delta_apply;

use crate::{Dispatch, Engine, Formula, GpuError, Kernel, Pages, Place, Program, Ticket};

/// Mirrored pages in the host's memory.
pub type CpuOps = Pages<Host>;

/// Four words, 16 bytes.
type Quad = [u32; 4];

/// The host as an engine.
#[derive(Debug, Default)]
pub struct Host {
    slabs: Vec<Vec<Quad>>,
    /// How many programs it ran. Each is done when the call returns.
    runs: u64,
}

impl CpuOps {
    /// Makes pages in the host's memory: each slab will be `slab_bytes` long, together at most `budget_bytes`.
    #[must_use]
    pub fn new(slab_bytes: u64, budget_bytes: u64) -> Self {
        Self::with_engine(Host::default(), slab_bytes, budget_bytes)
    }
}

impl Engine for Host {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.slabs.push(vec![[0; 4]; words as usize / 4]);
        Ok(())
    }

    fn compile(&mut self, _formula: &str) -> Result<Formula, GpuError> {
        Err(no_formulas())
    }

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        if program.dispatches.iter().any(|dispatch| matches!(dispatch.kernel, Kernel::Formula(_))) {
            return Err(no_formulas());
        }
        self.runs += 1;
        let mut answer = vec![0; program.result_words as usize];
        program.dispatches.iter().for_each(|dispatch| self.dispatch(program, dispatch, &mut answer));
        Ok(Ticket::here(answer))
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        let quads =
            |place: &Place| self.quads(place.slab, place.first_word / 4, place.word_count().div_ceil(4));
        let words = places.iter().flat_map(|place| quads(place).as_flattened()).copied();
        Ok(Ticket::here(words.collect()))
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        ticket.words(|_| Err(GpuError::NotAsked))
    }

    fn submitted(&self) -> u64 {
        self.runs
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        Ok(self.runs)
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        Ok(())
    }
}

impl Host {
    fn dispatch(&mut self, program: &Program, dispatch: &Dispatch, answer: &mut [u32]) {
        match dispatch.kernel {
            Kernel::PageZero => page_zero::run(self, program, dispatch),
            Kernel::PageCopy => page_copy::from_slab(self, program, dispatch),
            Kernel::PageWrite => page_copy::from_batch(self, program, dispatch),
            Kernel::DeltaMerge => delta_merge::run(self, program, dispatch),
            Kernel::SparseDeltaApply => sparse_delta_apply::run(self, program, dispatch),
            Kernel::PageCompare => page_compare::run(self, program, dispatch, answer),
            Kernel::SnapshotDiffCount => snapshot_diff::count(self, program, dispatch, answer),
            Kernel::SnapshotDiffEmit => snapshot_diff::emit(self, program, dispatch, answer),
            Kernel::PageFingerprint => page_fingerprint::run(self, program, dispatch, answer),
            Kernel::PageBlake3Chunks => page_blake3::chunks(self, program, dispatch, answer),
            Kernel::PageBlake3Roots => page_blake3::roots(program, dispatch, answer),
            Kernel::Propagate(combine) => propagate::run(self, program, dispatch, combine),
            // Refused before anything runs.
            Kernel::Formula(_) => {}
        }
    }

    fn quads(&self, slab: u32, first: u32, count: u32) -> &[Quad] {
        &self.slabs[slab as usize][first as usize..(first + count) as usize]
    }

    fn quads_mut(&mut self, slab: u32, first: u32, count: u32) -> &mut [Quad] {
        &mut self.slabs[slab as usize][first as usize..(first + count) as usize]
    }
}

fn no_formulas() -> GpuError {
    GpuError::Unsupported { device: "host".to_owned(), what: "what it takes to run WGSL".to_owned() }
}

/// Makes a mask of bits, one for each byte of a word, one of bytes.
const fn byte_mask(bits: u32) -> u32 {
    ((bits & 15).wrapping_mul(0x0020_4081) & 0x0101_0101) * 255
}
