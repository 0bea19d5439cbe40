//! How much a commit will replace: what its undo record needs room for.

use mmsb_delta::BatchView;
use mmsb_types::limits::RUN_GAP_BYTES;

use crate::{
    txn::{Change, Detail, Life},
    undo::UndoSize,
};

/// Runs of pages that lived before, and their bytes together.
#[derive(Clone, Copy, Default)]
pub(super) struct Runs {
    run_count: usize,
    old_bytes: usize,
}

impl Runs {
    fn add(&mut self, run_count: usize, old_bytes: usize) {
        self.run_count += run_count;
        self.old_bytes += old_bytes;
    }
}

/// Counts the runs of a batch that was encoded; its patches stand in the order of the pages.
pub(super) fn of_batch(detail: &Detail<'_>, batch: BatchView<'_>) -> Runs {
    let (mut runs, mut at) = (Runs::default(), 0);
    for (page, patch) in batch.iter() {
        while detail.pages[at].page != page {
            at = (at + 1) % detail.pages.len();
        }
        if !detail.pages[at].born {
            runs.add(1, patch.span().len as usize);
        }
    }
    runs
}

/// Counts the runs of a batch that changes only pages that lived before.
pub(super) fn of_writes(batch: BatchView<'_>) -> UndoSize {
    let old_bytes = batch.compact_spans().map(|(_, span)| span.len as usize).sum();
    UndoSize { entry_count: batch.compact_count(), old_bytes, ..UndoSize::default() }
}

/// Returns the most that a batch not encoded yet may come to.
pub(super) fn worst(detail: &Detail<'_>) -> Runs {
    let mut runs = Runs::default();
    for page in detail.pages.iter().filter(|page| !page.born) {
        match &page.change {
            Change::None => {}
            Change::Short(_) | Change::Writes(_) | Change::Image(_) => {
                let page_bytes = page.page_bytes as usize;
                runs.add(page_bytes / RUN_GAP_BYTES as usize + 1, page_bytes);
            }
        }
    }
    runs
}

/// Adds deaths, births and names: how many change, and the bytes of those there were.
pub(super) fn size(detail: &Detail<'_>, mut runs: Runs, [name_count, name_bytes]: [usize; 2]) -> UndoSize {
    let mut life_count = 0;
    for page in detail.pages.iter().filter(|page| page.life != Life::Old) {
        life_count += 1;
        if page.life == Life::Dead && !page.born {
            runs.add(1, page.page_bytes as usize);
        }
    }
    let Runs { run_count, old_bytes } = runs;
    UndoSize { run_count, old_bytes, life_count, name_count, name_bytes, ..UndoSize::default() }
}
