//! Derived pages, computed on the device from pages that are there.
//!
//! Work is done on copies: until the host has logged what came out, every page stays as the log has it.

use std::collections::{BTreeMap, BTreeSet};

use mmsb_delta::{BatchView, Delta};
use mmsb_types::{Epoch, PageId};

use super::{Residents, table::Resident};
use crate::{Combine, Computed, Formula, GpuError, Job, PageHandle, PageOps, Step};

/// What a derived page is computed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<'a> {
    /// A formula, compiled by the same device.
    Formula(Formula),
    /// Its inputs' integers, combined; all pages are as long. Inputs that have no factor have 1.
    Combine(Combine, &'a [u32]),
}

/// How a derived page comes about.
#[derive(Clone, Copy, Debug)]
pub struct Derivation<'a> {
    /// What it is computed by.
    pub by: By<'a>,
    /// What from.
    pub inputs: &'a [PageId],
    /// The derived page; none of the inputs of its level.
    pub output: PageId,
}

/// Copies of inputs, and where outputs go: handles of the caller's own.
struct Scratch {
    inputs: BTreeMap<PageId, PageHandle>,
    outputs: Vec<PageHandle>,
}

/// What becomes of outputs.
enum Then<'a> {
    Tell(&'a mut Vec<Delta>),
    Keep,
}

impl<O: PageOps> Residents<O> {
    /// Computes derived pages of one level as of the last commit applied with `overlay`, patches that are not
    /// committed yet, over it. Returns what makes each one of its bytes as of that commit; it is empty where they stay.
    /// No page changes by it: whoever commits the deltas applies them with their commit.
    ///
    /// # Errors
    /// An input or output is not there as the host has it ([`GpuError::NotThere`]), a patch of the overlay does not
    /// fit, copies of one derivation's inputs and its output do not fit a slab or the memory that others can give up,
    /// or what the device says.
    ///
    /// # Cost
    /// Three round trips at most; the device copies each input once.
    pub fn derive(
        &mut self,
        derivations: &[Derivation<'_>],
        overlay: &[BatchView<'_>],
    ) -> Result<Vec<Delta>, GpuError> {
        let mut deltas = Vec::with_capacity(derivations.len());
        self.derive_some(derivations, overlay, &mut Then::Tell(&mut deltas))?;
        Ok(deltas)
    }

    /// Computes derived pages of one level in their places, which are [`PageState::Ahead`](crate::PageState::Ahead)
    /// then: they do not go when room is short, and commits leave them out. Nothing comes back; whoever has read and
    /// logged them says so by [`Residents::settle`].
    ///
    /// # Errors
    /// As [`Residents::derive`].
    pub fn advance(&mut self, derivations: &[Derivation<'_>]) -> Result<(), GpuError> {
        self.derive_some(derivations, &[], &mut Then::Keep)
    }

    /// Notes that the host has logged a page's bytes, as the device has them, as of `epoch`. Tells whether it was
    /// ahead.
    pub fn settle(&mut self, page: PageId, epoch: Epoch) -> bool {
        let is_ahead = self.table.get(page).is_some_and(|page| page.is_ahead);
        let applied = self.applied;
        is_ahead
            && self.table.change(page, |page| {
                (page.is_ahead, page.since, page.is_behind) = (false, epoch, epoch < applied);
            })
    }

    /// Computes as many derivations at once as there is room for.
    fn derive_some(
        &mut self,
        derivations: &[Derivation<'_>],
        overlay: &[BatchView<'_>],
        then: &mut Then<'_>,
    ) -> Result<(), GpuError> {
        self.alive()?;
        match self.scratch(derivations) {
            Err(GpuError::OutOfMemory { .. } | GpuError::NeverFits { .. }) if derivations.len() > 1 => {
                let (some, others) = derivations.split_at(derivations.len() / 2);
                self.derive_some(some, overlay, then)?;
                self.derive_some(others, overlay, then)
            }
            Err(error) => self.hear(Err(error)),
            Ok(scratch) => {
                let computed = self.compute(derivations, overlay, &scratch);
                let done = computed.and_then(|()| self.finish(derivations, &scratch, then));
                let freed = scratch.all().try_for_each(|page| self.ops.free(page));
                self.hear(done.and(freed))
            }
        }
    }

    fn finish(
        &mut self,
        derivations: &[Derivation<'_>],
        scratch: &Scratch,
        then: &mut Then<'_>,
    ) -> Result<(), GpuError> {
        let outputs = derivations.iter().zip(&scratch.outputs);
        let pairs = outputs.map(|(derivation, computed)| Ok((self.there(derivation.output)?, *computed)));
        let pairs: Vec<_> = pairs.collect::<Result<_, GpuError>>()?;
        match then {
            Then::Tell(deltas) => deltas.extend(self.ops.diff_many(&pairs)?),
            Then::Keep => {
                self.ops.run(&[Step::Copy(&pairs)])?;
                for derivation in derivations {
                    self.table.change(derivation.output, |page| page.is_ahead = true);
                }
            }
        }
        Ok(())
    }

    /// Makes room for copies, without giving up what they are copies of.
    fn scratch(&mut self, derivations: &[Derivation<'_>]) -> Result<Scratch, GpuError> {
        let needed =
            derivations.iter().flat_map(|derivation| derivation.inputs.iter().chain([&derivation.output]));
        let needed: BTreeSet<PageId> = needed.copied().collect();
        needed.iter().try_for_each(|page| self.there(*page).map(drop))?;
        let inputs: BTreeSet<PageId> = derivations.iter().flat_map(|d| d.inputs.iter().copied()).collect();
        let outputs = derivations.iter().map(|derivation| derivation.output);
        let pages = outputs.chain(inputs.iter().copied());
        let page_bytes: Vec<u32> = pages.filter_map(|page| Some(self.table.get(page)?.page_bytes)).collect();
        let mut outputs = self.create_beside(&page_bytes, &needed)?;
        let copies = outputs.split_off(derivations.len());
        Ok(Scratch { inputs: inputs.into_iter().zip(copies).collect(), outputs })
    }

    fn create_beside(
        &mut self,
        page_bytes: &[u32],
        needed: &BTreeSet<PageId>,
    ) -> Result<Vec<PageHandle>, GpuError> {
        for page in needed {
            self.table.change(*page, |_| ());
        }
        loop {
            match self.ops.create_together(page_bytes) {
                Err(error @ GpuError::OutOfMemory { .. }) => {
                    // Those that are needed were used last: with the first of them, nothing else may go.
                    let oldest = self.table.oldest().filter(|page| !needed.contains(page)).ok_or(error)?;
                    self.evict(oldest)?;
                }
                created => return created,
            }
        }
    }

    /// Copies inputs, lays patches over the copies, and computes: one submission.
    fn compute(
        &mut self,
        derivations: &[Derivation<'_>],
        overlay: &[BatchView<'_>],
        scratch: &Scratch,
    ) -> Result<(), GpuError> {
        let copies = scratch.inputs.iter().map(|(page, copy)| Ok((*copy, self.there(*page)?)));
        let copies: Vec<_> = copies.collect::<Result<_, GpuError>>()?;
        let handles = |derivation: &Derivation<'_>| -> Vec<PageHandle> {
            derivation.inputs.iter().map(|page| scratch.inputs[page]).collect()
        };
        let inputs: Vec<Vec<PageHandle>> = derivations.iter().map(handles).collect();
        let factors: Vec<Vec<(PageHandle, u32)>> =
            derivations.iter().zip(&inputs).map(with_factors).collect();
        let plan =
            self.coalescer.plan(self.ops.slabs(), overlay, |page| scratch.inputs.get(&page).copied())?;
        let mut steps = vec![Step::Copy(&copies), Step::Apply(plan)];
        let computed: Vec<Computed<'_>> = (scratch.outputs.iter().zip(&inputs))
            .map(|(output, inputs)| Computed { output: *output, inputs })
            .collect();
        let jobs: Vec<Job<'_>> = (scratch.outputs.iter().zip(&factors))
            .map(|(output, inputs)| Job { output: *output, inputs, keep: false })
            .collect();
        let mut first = 0;
        for group in derivations.chunk_by(|one, next| one.is_like(next)) {
            let range = first..first + group.len();
            first = range.end;
            steps.push(match group[0].by {
                By::Formula(formula) => Step::Compute(formula, &computed[range]),
                By::Combine(combine, _) => Step::Propagate(combine, &jobs[range]),
            });
        }
        self.ops.run(&steps)
    }

    /// Returns the handle of a page that the device has as the host has it, or newer.
    fn there(&self, page: PageId) -> Result<PageHandle, GpuError> {
        let resident = self.table.get(page).filter(|page| !page.is_wanting());
        resident.and_then(|resident: &Resident| resident.handle).ok_or(GpuError::NotThere { page })
    }
}

impl Derivation<'_> {
    /// Tells whether one step does both.
    fn is_like(&self, other: &Self) -> bool {
        match (self.by, other.by) {
            (By::Formula(one), By::Formula(other)) => one == other,
            (By::Combine(one, _), By::Combine(other, _)) => one == other,
            _ => false,
        }
    }
}

impl Scratch {
    fn all(&self) -> impl Iterator<Item = PageHandle> + '_ {
        self.outputs.iter().chain(self.inputs.values()).copied()
    }
}

/// Gives each input its factor.
fn with_factors((derivation, inputs): (&Derivation<'_>, &Vec<PageHandle>)) -> Vec<(PageHandle, u32)> {
    let factors = if let By::Combine(_, factors) = derivation.by { factors } else { &[] };
    let factors = factors.iter().copied().chain(std::iter::repeat(1));
    inputs.iter().copied().zip(factors).collect()
}
