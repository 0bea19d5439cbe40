//! What can be done with mirrored pages, whoever does it.

use mmsb_delta::Delta;

use crate::{Comparison, Fingerprint, Formula, GpuError, Later, PageHandle, Plan, Slabs, Step, Ticket};

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

    /// Asks for pages' bytes, as they are now, 16 MiB at a time, and waits for none of them; what is submitted from here
    /// on changes no answer.
    ///
    /// # Errors
    /// A page was freed, or what the device says.
    fn read_later(&mut self, pages: &[PageHandle]) -> Result<Later<Vec<u8>>, GpuError>;

    /// Asks for pages' fingerprints, as they are now, and does not wait for them.
    ///
    /// # Errors
    /// A page was freed, or what the device says.
    fn fingerprints_later(&mut self, pages: &[PageHandle]) -> Result<Later<Fingerprint>, GpuError>;

    /// Waits for an answer, and for nothing that was asked behind it.
    ///
    /// # Errors
    /// [`GpuError::NotAsked`] if somebody else was asked, or what the device says.
    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError>;

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
    /// Two round trips, in which 16 MiB follow on one another; only tiles that differ are read by the second, only words
    /// that differ come back.
    fn diff_many(&mut self, pairs: &[(PageHandle, PageHandle)]) -> Result<Vec<Delta>, GpuError>;

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

    /// Returns pages' bytes.
    ///
    /// # Errors
    /// As [`PageOps::read_later`].
    fn read_many(&mut self, pages: &[PageHandle]) -> Result<Vec<Vec<u8>>, GpuError> {
        self.read_later(pages)?.wait(self)
    }

    /// Returns each page's fingerprint.
    ///
    /// # Errors
    /// As [`PageOps::fingerprints_later`].
    fn fingerprints(&mut self, pages: &[PageHandle]) -> Result<Vec<Fingerprint>, GpuError> {
        self.fingerprints_later(pages)?.wait(self)
    }

    /// Makes a page of so many zero bytes.
    ///
    /// # Errors
    /// As [`PageOps::create_together`].
    fn create(&mut self, page_bytes: u32) -> Result<PageHandle, GpuError> {
        only(self.create_together(&[page_bytes])?)
    }

    /// Returns a page's bytes.
    ///
    /// # Errors
    /// As [`PageOps::read_many`].
    fn read(&mut self, page: PageHandle) -> Result<Vec<u8>, GpuError> {
        only(self.read_many(&[page])?)
    }

    /// Compares two pages of one length.
    ///
    /// # Errors
    /// As [`PageOps::compare_many`].
    fn compare(&mut self, page: PageHandle, other: PageHandle) -> Result<Comparison, GpuError> {
        only(self.compare_many(&[(page, other)])?)
    }

    /// Returns what makes the second page of the first.
    ///
    /// # Errors
    /// As [`PageOps::diff_many`].
    fn diff(&mut self, old: PageHandle, new: PageHandle) -> Result<Delta, GpuError> {
        only(self.diff_many(&[(old, new)])?)
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

/// Returns the one answer to one question.
fn only<T>(mut answers: Vec<T>) -> Result<T, GpuError> {
    let answer_count = answers.len();
    let only = answers.pop().filter(|_| answer_count == 1);
    only.ok_or(GpuError::Answers { question_count: 1, answer_count })
}

#[cfg(test)]
mod tests {
    use super::{GpuError, only};

    #[test]
    fn whoever_does_not_answer_once_is_an_error() {
        assert_eq!(only(vec![7]).unwrap(), 7);
        assert!(matches!(only::<u8>(vec![]), Err(GpuError::Answers { answer_count: 0, .. })));
        assert_eq!(only(vec![7, 7]).unwrap_err().to_string(), "2 answers to 1 questions");
    }
}
