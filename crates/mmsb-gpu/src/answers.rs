//! Known answers: small work that every kernel has a part in, done before any page is trusted to a device.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_types::{PageId, Span};

use crate::{Coalescer, Combine, GpuError, Job, Kernel, PageHandle, PageOps, Step};

/// Slabs of two pages: both in one, and each in its own, come up.
pub(crate) const SLAB_BYTES: u64 = 64 << 10;
pub(crate) const BUDGET_BYTES: u64 = 256 << 10;

/// Longer than a tile, with a tail: 16,384 + 4,108 bytes.
const PAGE_BYTES: u32 = 20_492;

/// What came out of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The kernel that most likely is at fault if it is wrong.
    pub kernel: &'static str,
    bytes: Vec<u8>,
}

/// Does the work and returns what came of each step.
pub(crate) fn of(ops: &mut dyn PageOps) -> Result<Vec<Answer>, GpuError> {
    let pages: [PageHandle; 5] = [
        ops.create(PAGE_BYTES)?,
        ops.create(PAGE_BYTES)?,
        ops.create(PAGE_BYTES)?,
        ops.create(PAGE_BYTES)?,
        ops.create(PAGE_BYTES)?,
    ];
    let mut answers = Vec::new();
    writes(ops, pages, &mut answers)?;
    patches(ops, pages[1], &mut answers)?;
    levels(ops, pages, &mut answers)?;
    queries(ops, pages, &mut answers)?;
    Ok(answers)
}

fn writes(ops: &mut dyn PageOps, pages: [PageHandle; 5], answers: &mut Vec<Answer>) -> Result<(), GpuError> {
    let [a, b, c, d, _] = pages;
    ops.write(a, &pattern(1))?;
    ops.write(d, &pattern(2))?;
    note(ops, Kernel::PageWrite, d, answers)?;
    ops.run(&[Step::Copy(&[(b, a), (c, d)])])?;
    note(ops, Kernel::PageCopy, b, answers)?;
    note(ops, Kernel::PageCopy, c, answers)?;
    ops.run(&[Step::Zero(&[a])])?;
    note(ops, Kernel::PageZero, a, answers)?;
    let mask = &pattern(3)[..PAGE_BYTES.div_ceil(8) as usize];
    ops.run(&[Step::Merge { page: a, mask, bytes: &pattern(4) }])?;
    note(ops, Kernel::DeltaMerge, a, answers)
}

fn patches(ops: &mut dyn PageOps, page: PageHandle, answers: &mut Vec<Answer>) -> Result<(), GpuError> {
    let mut batch = DeltaBatch::default();
    let bytes = pattern(5);
    for (index, chunk) in (0..).zip(bytes[..1500].chunks(5)) {
        batch.push(PageId::new(1), Patch::Bytes { offset: index * 61 % PAGE_BYTES, bytes: chunk });
    }
    batch.push(PageId::new(1), Patch::Fill { span: Span::new(PAGE_BYTES - 700, 700), byte: 9 });
    let mut coalescer = Coalescer::default();
    // The patches fit, and the page lives: there is nothing that planning could refuse.
    if let Ok(plan) = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)) {
        ops.apply(plan)?;
    }
    note(ops, Kernel::SparseDeltaApply, page, answers)
}

fn levels(ops: &mut dyn PageOps, pages: [PageHandle; 5], answers: &mut Vec<Answer>) -> Result<(), GpuError> {
    let [a, b, c, _, output] = pages;
    for combine in [Combine::Xor, Combine::Add, Combine::Min, Combine::Max, Combine::Axpy] {
        let job = Job { output, inputs: &[(a, 3), (b, 0x8000_0001), (c, 7)], keep: true };
        ops.run(&[Step::Propagate(combine, &[job])])?;
        note(ops, Kernel::Propagate(combine), output, answers)?;
    }
    Ok(())
}

fn queries(ops: &mut dyn PageOps, pages: [PageHandle; 5], answers: &mut Vec<Answer>) -> Result<(), GpuError> {
    let [a, b, ..] = pages;
    let comparison = ops.compare(a, b)?;
    push(Kernel::PageCompare, format!("{comparison:?}").into_bytes(), answers);
    let delta = ops.diff(a, b)?;
    push(Kernel::SnapshotDiffEmit, format!("{delta:?}").into_bytes(), answers);
    let prints = ops.fingerprints(&pages)?;
    push(Kernel::PageFingerprint, format!("{prints:?}").into_bytes(), answers);
    let hashes = ops.blake3(&pages)?;
    push(Kernel::PageBlake3Chunks, hashes.as_flattened().to_vec(), answers);
    Ok(())
}

fn note(
    ops: &mut dyn PageOps,
    kernel: Kernel,
    page: PageHandle,
    answers: &mut Vec<Answer>,
) -> Result<(), GpuError> {
    let bytes = ops.read(page)?;
    push(kernel, bytes, answers);
    Ok(())
}

fn push(kernel: Kernel, bytes: Vec<u8>, answers: &mut Vec<Answer>) {
    answers.push(Answer { kernel: kernel.source_name(), bytes });
}

/// A page's bytes that follow from a number.
fn pattern(seed: u32) -> Vec<u8> {
    (0..PAGE_BYTES)
        .map(|index| {
            (index.wrapping_mul(0x9e37_79b9) ^ seed.wrapping_mul(0x85eb_ca6b)) as u8 ^ (index >> 7) as u8
        })
        .collect()
}
