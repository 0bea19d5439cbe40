//! What can be done with mirrored pages, whoever does it.

use mmsb_delta::Delta;

use crate::{Comparison, Fingerprint, Formula, GpuError, PageHandle, Place, Plan, Program, Slabs, Step};

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

    /// Makes pages of so many zero bytes each, behind one another in one slab.
    ///
    /// # Errors
    /// [`GpuError::NeverFits`] if they are longer than a slab, [`GpuError::OutOfMemory`] if there is no room now,
    /// or what the device says.
    fn create_together(&mut self, page_bytes: &[u32]) -> Result<Vec<PageHandle>, GpuError>;

    /// Frees a page; its handle is stale from then on, and so is every plan.
    ///
    /// # Errors
    /// It was freed already.
    fn free(&mut self, page: PageHandle) -> Result<(), GpuError>;

    /// Compiles a formula, for [`Step::Compute`]. [`Formula`] says what it is.
    ///
    /// # Errors
    /// [`GpuError::Formula`] names what is wrong with it, and where; [`GpuError::Unsupported`] says that it would run
    /// on the host.
    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError>;

    /// Does all steps in order, in one submission. It does not wait for a device to do them: one that is lost
    /// meanwhile is told by the next call that waits for an answer, and by every call behind it.
    ///
    /// # Errors
    /// A step does not fit its pages, or what the device says.
    ///
    /// # Cost
    /// O(bytes of pages and plans named); what lies between them costs nothing.
    fn run(&mut self, steps: &[Step<'_>]) -> Result<(), GpuError>;

    /// Returns pages' bytes, in one round trip for every 64 MiB.
    ///
    /// # Errors
    /// A page was freed, or what the device says.
    fn read_many(&mut self, pages: &[PageHandle]) -> Result<Vec<Vec<u8>>, GpuError>;

    /// Compares pairs of pages of one length, in one round trip.
    ///
    /// # Errors
    /// A page was freed, lengths of a pair differ, or what the device says.
    fn compare_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Comparison>, GpuError>;

    /// Returns of each pair what makes the second page of the first.
    ///
    /// # Errors
    /// As [`PageOps::compare_many`].
    ///
    /// # Cost
    /// Two round trips; only tiles that differ are read by the second, only words that differ come back.
    fn diff_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Delta>, GpuError>;

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

    /// Returns the number of the last submission; the first is 1.
    fn submitted(&self) -> u64;

    /// Returns the number of the last submission that is known to be done, without waiting for one.
    ///
    /// # Errors
    /// What the device says.
    fn completed(&mut self) -> Result<u64, GpuError>;

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// What the device says.
    fn wait(&mut self) -> Result<(), GpuError>;

    /// Makes a page of so many zero bytes.
    ///
    /// # Errors
    /// As [`PageOps::create_together`].
    fn create(&mut self, page_bytes: u32) -> Result<PageHandle, GpuError> {
        self.create_together(&[page_bytes]).map(only)
    }

    /// Returns a page's bytes.
    ///
    /// # Errors
    /// As [`PageOps::read_many`].
    fn read(&mut self, page: PageHandle) -> Result<Vec<u8>, GpuError> {
        self.read_many(&[page]).map(only)
    }

    /// Compares two pages of one length.
    ///
    /// # Errors
    /// As [`PageOps::compare_many`].
    fn compare(&mut self, page: PageHandle, other: PageHandle) -> Result<Comparison, GpuError> {
        self.compare_many(&[(page, other)]).map(only)
    }

    /// Returns what makes the second page of the first.
    ///
    /// # Errors
    /// As [`PageOps::diff_many`].
    fn diff(&mut self, old: PageHandle, new: PageHandle) -> Result<Delta, GpuError> {
        self.diff_many(&[(old, new)]).map(only)
    }

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

    /// Compiles a formula, so that programs may name it.
    ///
    /// # Errors
    /// It is none, or the engine runs none.
    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError>;

    /// Runs a program and returns its answer.
    ///
    /// # Errors
    /// A formula is not this engine's, or what the device says.
    fn run(&mut self, program: &Program) -> Result<Vec<u32>, GpuError>;

    /// Returns the words of places, one behind the other, each filled up to whole quads.
    ///
    /// # Errors
    /// What the device says.
    fn read(&mut self, places: &[Place]) -> Result<Vec<u32>, GpuError>;

    /// Returns the number of the last submission; the first is 1.
    fn submitted(&self) -> u64;

    /// Returns the number of the last submission that is known to be done.
    ///
    /// # Errors
    /// What the device says.
    fn completed(&mut self) -> Result<u64, GpuError>;

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// What the device says.
    fn wait(&mut self) -> Result<(), GpuError>;
}

/// Returns the one answer to one question.
fn only<T>(answers: Vec<T>) -> T {
    answers.into_iter().next().expect("one answer for each question")
}
