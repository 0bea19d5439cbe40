//! What can be done with mirrored pages, whoever does it.

use mmsb_delta::Delta;

use crate::{
    Comparison, Fingerprint, GpuError, Kernel, PageHandle, Place, Plan, Program, Slabs, Step, lower, queries,
    slabs::{Room, slot_bytes},
};

/// Pages mirrored in slabs. A failed call has changed no page, but for [`GpuError::Lost`]: then none is left.
///
/// ```
/// use mmsb_gpu::{Combine, CpuOps, Job, PageOps, Step};
///
/// let mut ops = CpuOps::new(1 << 20, 1 << 24);
/// let (left, right, sum) = (ops.create(8)?, ops.create(8)?, ops.create(8)?);
/// let job = Job { output: sum, inputs: &[(left, 1), (right, 1)], keep: false };
/// ops.run(&[
///     Step::Write(left, &[1, 0, 0, 0, 255, 255, 255, 255]),
///     Step::Write(right, &[2, 0, 0, 0, 1, 0, 0, 0]),
///     Step::Propagate(Combine::Add, &[job]),
/// ])?;
/// assert_eq!(ops.read(sum)?, [3, 0, 0, 0, 0, 0, 0, 0]);
/// # Ok::<(), mmsb_gpu::GpuError>(())
/// ```
pub trait PageOps {
    /// Returns where pages lie.
    fn slabs(&self) -> &Slabs;

    /// Makes a page of so many zero bytes.
    ///
    /// # Errors
    /// [`GpuError::NeverFits`] if it is longer than a slab, [`GpuError::OutOfMemory`] if there is no room now,
    /// or what the device says.
    fn create(&mut self, page_bytes: u32) -> Result<PageHandle, GpuError>;

    /// Frees a page; its handle is stale from then on, and so is every plan.
    ///
    /// # Errors
    /// It was freed already.
    fn free(&mut self, page: PageHandle) -> Result<(), GpuError>;

    /// Does all steps in order, in one submission. It does not wait for a device to do them: one that is lost
    /// meanwhile is told by the next call that waits for an answer, and by every call behind it.
    ///
    /// # Errors
    /// A step does not fit its pages, or what the device says.
    ///
    /// # Cost
    /// O(bytes of pages and plans named); what lies between them costs nothing.
    fn run(&mut self, steps: &[Step<'_>]) -> Result<(), GpuError>;

    /// Returns a page's bytes.
    ///
    /// # Errors
    /// The page was freed, or what the device says.
    fn read(&mut self, page: PageHandle) -> Result<Vec<u8>, GpuError>;

    /// Compares two pages of one length.
    ///
    /// # Errors
    /// A page was freed, their lengths differ, or what the device says.
    fn compare(&mut self, page: PageHandle, other: PageHandle) -> Result<Comparison, GpuError>;

    /// Returns what makes the second page of the first.
    ///
    /// # Errors
    /// As [`PageOps::compare`].
    ///
    /// # Cost
    /// Two submissions; only tiles that differ are read by the second, only bytes that differ come back.
    fn diff(&mut self, old: PageHandle, new: PageHandle) -> Result<Delta, GpuError>;

    /// Returns each page's fingerprint.
    ///
    /// # Errors
    /// A page was freed, or what the device says.
    fn fingerprints(&mut self, pages: &[PageHandle]) -> Result<Vec<Fingerprint>, GpuError>;

    /// Returns each page's BLAKE3 hash.
    ///
    /// # Errors
    /// A page was freed, or what the device says.
    fn blake3(&mut self, pages: &[PageHandle]) -> Result<Vec<[u8; 32]>, GpuError>;

    /// Makes a page's bytes these.
    ///
    /// # Errors
    /// As [`PageOps::run`].
    fn write(&mut self, page: PageHandle, bytes: &[u8]) -> Result<(), GpuError> {
        self.run(&[Step::Write(page, bytes)])
    }

    /// Does what a plan says.
    ///
    /// # Errors
    /// As [`PageOps::run`]; [`GpuError::Outdated`] if the plan is of another layout.
    fn apply(&mut self, plan: &Plan) -> Result<(), GpuError> {
        self.run(&[Step::Apply(plan)])
    }
}

/// Who runs programs.
pub trait Engine {
    /// Adds a slab of so many zero words.
    ///
    /// # Errors
    /// There is no memory for it, or what the device says.
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError>;

    /// Runs a program and returns its answer.
    ///
    /// # Errors
    /// What the device says.
    fn run(&mut self, program: &Program) -> Result<Vec<u32>, GpuError>;

    /// Returns words of a slab; `first` and `count` are whole quads.
    ///
    /// # Errors
    /// What the device says.
    fn read(&mut self, slab: u32, first: u32, count: u32) -> Result<Vec<u32>, GpuError>;
}

/// Pages in the slabs of an engine.
#[derive(Debug)]
pub struct Pages<E> {
    slabs: Slabs,
    engine: E,
}

impl<E: Engine> Pages<E> {
    /// Makes pages of an engine that has no slabs yet: each will be `slab_bytes` long, together at most
    /// `budget_bytes`.
    pub fn with_engine(engine: E, slab_bytes: u64, budget_bytes: u64) -> Self {
        Self { slabs: Slabs::new(slab_bytes, budget_bytes), engine }
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// Gives the pages up and returns the engine.
    pub fn into_engine(self) -> E {
        self.engine
    }
}

impl<E: Engine> PageOps for Pages<E> {
    fn slabs(&self) -> &Slabs {
        &self.slabs
    }

    fn create(&mut self, page_bytes: u32) -> Result<PageHandle, GpuError> {
        let room = self.slabs.room(page_bytes)?;
        if room == Room::NeedsSlab {
            self.engine.add_slab(self.slabs.slab_words())?;
            self.slabs.add_slab();
        }
        let page = self.slabs.take(page_bytes)?;
        if room == Room::Used {
            let place = Place { page_bytes: slot_bytes(page_bytes), ..self.slabs.find(page)? };
            let mut program = Program::default();
            program.push_tiles(Kernel::PageZero, lower::tiles(place, place.slab, 0).collect());
            self.engine.run(&program)?;
        }
        Ok(page)
    }

    fn free(&mut self, page: PageHandle) -> Result<(), GpuError> {
        self.slabs.free(page)
    }

    fn run(&mut self, steps: &[Step<'_>]) -> Result<(), GpuError> {
        let program = lower::lower(&self.slabs, steps)?;
        self.engine.run(&program).map(drop)
    }

    fn read(&mut self, page: PageHandle) -> Result<Vec<u8>, GpuError> {
        let place = self.slabs.find(page)?;
        let count = place.word_count().next_multiple_of(4);
        let words = self.engine.read(place.slab, place.first_word, count)?;
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(place.page_bytes as usize);
        Ok(bytes)
    }

    fn compare(&mut self, page: PageHandle, other: PageHandle) -> Result<Comparison, GpuError> {
        let program = queries::compare(&self.slabs, page, other)?;
        Ok(Comparison::of(&self.engine.run(&program)?))
    }

    fn diff(&mut self, old: PageHandle, new: PageHandle) -> Result<Delta, GpuError> {
        let count = queries::diff_count(&self.slabs, old, new)?;
        let counts = self.engine.run(&count)?;
        let emit = queries::diff_emit(&count, &counts);
        Ok(queries::delta(&self.engine.run(&emit)?))
    }

    fn fingerprints(&mut self, pages: &[PageHandle]) -> Result<Vec<Fingerprint>, GpuError> {
        let (program, page_bytes) = queries::fingerprints(&self.slabs, pages)?;
        Ok(Fingerprint::all(&self.engine.run(&program)?, &page_bytes))
    }

    fn blake3(&mut self, pages: &[PageHandle]) -> Result<Vec<[u8; 32]>, GpuError> {
        let (program, places) = queries::blake3(&self.slabs, pages)?;
        Ok(queries::digests(&self.engine.run(&program)?, &places))
    }
}
