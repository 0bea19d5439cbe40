//! Commits, in the log's order: planned together, sent as one.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use mmsb_delta::BatchView;
use mmsb_types::{Epoch, PageId};

use super::{Residents, table::Table};
use crate::{GpuError, PageHandle, PageOps, PlanError};

/// What applying commits came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many words were sent one by one.
    pub word_ops: usize,
    /// How many bytes were sent as whole lines.
    pub stretch_bytes: u64,
    /// Known pages that the commits touch and the device does not have up to date, by rising id: those that are
    /// absent, behind or ahead. They wait to be inserted.
    pub left_out: BTreeSet<PageId>,
}

/// Which pages a plan is about, by the epochs it spans.
struct Choice<'a> {
    table: &'a Table,
    first: Epoch,
    last: Epoch,
    left_out: RefCell<&'a mut BTreeSet<PageId>>,
    /// Some page has some of the commits already, and not all.
    is_mixed: Cell<bool>,
}

/// Why commits were not applied together.
enum Refused {
    /// Fewer at a time may do.
    TooMany(GpuError),
    /// This page does not fit what is said of it.
    Page(PageId),
    Failed(GpuError),
}

impl<O: PageOps> Residents<O> {
    /// Applies commits, each with its epoch, in the log's order: one plan, one submission. Commits up to
    /// [`Residents::applied`] are left out, and so is what a page has already by its own epoch. Pages that are not
    /// known cost one look each.
    ///
    /// # Errors
    /// What the device says. The pages that the commits touch are behind then; they wait to be inserted, and
    /// the epoch counts as applied. Bad patches are no error: their page is behind, and told.
    ///
    /// # Cost
    /// O(patches + payload bytes), whatever the size of all pages; allocates only while commits grow.
    pub fn apply(&mut self, commits: &[(Epoch, BatchView<'_>)]) -> Result<Applied, GpuError> {
        self.alive()?;
        let commits = &commits[commits.partition_point(|commit| commit.0 <= self.applied)..];
        let mut applied = Applied::default();
        let result = self.apply_some(commits, &mut applied);
        self.hear(result).map(|()| applied)
    }

    /// Notes that commits up to `epoch` went by untold: all pages that are not of a later epoch are behind.
    pub fn skip_to(&mut self, epoch: Epoch) {
        let behind: Vec<PageId> =
            self.table.iter().filter(|(_, page)| page.since < epoch).map(|page| page.0).collect();
        behind.into_iter().for_each(|page| self.table.fall_behind(page, self.applied));
        self.applied = self.applied.max(epoch);
    }

    fn apply_some(
        &mut self,
        commits: &[(Epoch, BatchView<'_>)],
        applied: &mut Applied,
    ) -> Result<(), GpuError> {
        let Some((last, _)) = commits.last() else { return Ok(()) };
        let result = match self.apply_together(commits, applied) {
            Err(Refused::TooMany(_)) if commits.len() > 1 => {
                let (earlier, later) = commits.split_at(commits.len() / 2);
                self.apply_some(earlier, applied)?;
                return self.apply_some(later, applied);
            }
            Err(Refused::Page(page)) => {
                self.table.fall_behind(page, self.applied);
                return self.apply_some(commits, applied);
            }
            Err(Refused::TooMany(error) | Refused::Failed(error)) => {
                self.fall_behind(commits);
                Err(error)
            }
            Ok(()) => Ok(()),
        };
        self.applied = *last;
        self.journal.push(*last, self.ops.submitted());
        result
    }

    fn apply_together(
        &mut self,
        commits: &[(Epoch, BatchView<'_>)],
        applied: &mut Applied,
    ) -> Result<(), Refused> {
        let (first, last) = (commits[0].0, commits[commits.len() - 1].0);
        let left_out = RefCell::new(&mut applied.left_out);
        let choice = Choice { table: &self.table, first, last, left_out, is_mixed: Cell::new(false) };
        let batches: Vec<BatchView<'_>> = commits.iter().map(|commit| commit.1).collect();
        let plan = self.coalescer.plan(self.ops.slabs(), &batches, |page| choice.mirror_of(page))?;
        if choice.is_mixed.get() {
            let need_bytes = plan.stretch_bytes();
            return Err(Refused::TooMany(GpuError::OutOfMemory { need_bytes, budget_bytes: 0 }));
        }
        if !plan.is_empty() {
            self.ops.apply(plan)?;
        }
        applied.word_ops += plan.word_ops().len();
        applied.stretch_bytes += plan.stretch_bytes();
        Ok(())
    }

    /// Notes that commits did not reach the pages they touch.
    fn fall_behind(&mut self, commits: &[(Epoch, BatchView<'_>)]) {
        for (epoch, batch) in commits {
            for (page, _) in batch.iter() {
                if self.table.get(page).is_some_and(|page| page.since < *epoch) {
                    self.table.fall_behind(page, self.applied);
                }
            }
        }
    }
}

impl Choice<'_> {
    #[inline]
    fn mirror_of(&self, page: PageId) -> Option<PageHandle> {
        let resident = self.table.get(page)?;
        if resident.since >= self.first {
            // A single commit is never mixed, so splitting them comes to an end.
            self.is_mixed.set(self.is_mixed.get() | (resident.since < self.last));
            return None;
        }
        if resident.is_wanting() || resident.is_ahead {
            self.left_out.borrow_mut().insert(page);
            return None;
        }
        resident.handle
    }
}

impl From<PlanError> for Refused {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Misfit { page, .. } | PlanError::Stale { page, .. } => Self::Page(page),
            PlanError::TooLong { payload_bytes: need_bytes, limit_bytes: budget_bytes } => {
                Self::TooMany(GpuError::OutOfMemory { need_bytes, budget_bytes })
            }
        }
    }
}

impl From<GpuError> for Refused {
    fn from(error: GpuError) -> Self {
        match error {
            GpuError::OutOfMemory { .. } => Self::TooMany(error),
            error => Self::Failed(error),
        }
    }
}
