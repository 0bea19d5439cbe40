//! How much a commit will replace: what its undo record needs room for.

use mmsb_delta::BatchView;
use mmsb_types::limits::RUN_GAP_BYTES;

use crate::{
    Transaction,
    txn::{Change, Life},
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
pub(super) fn of_batch(tx: &Transaction<'_>, batch: BatchView<'_>) -> Runs {
    let (mut runs, mut at) = (Runs::default(), 0);
    for (page, patch) in batch.iter() {
        while tx.pages[at].page != page {
            at = (at + 1) % tx.pages.len();
        }
        if !tx.pages[at].born {
            runs.add(1, patch.span().len as usize);
        }
    }
    runs
}

/// Returns the most that a batch not encoded yet may come to.
pub(super) fn worst(tx: &Transaction<'_>) -> Runs {
    let mut runs = Runs::default();
    for page in tx.pages.iter().filter(|page| !page.born) {
        match &page.change {
            Change::None => {}
            Change::Writes(_) | Change::Image(_) => {
                let page_bytes = page.page_bytes as usize;
                runs.add(page_bytes / RUN_GAP_BYTES as usize + 1, page_bytes);
            }
        }
    }
    runs
}

/// Adds deaths, births and names: how many change, and the bytes of those there were.
pub(super) fn size(tx: &Transaction<'_>, mut runs: Runs, [name_count, name_bytes]: [usize; 2]) -> UndoSize {
    let mut life_count = 0;
    for page in tx.pages.iter().filter(|page| page.life != Life::Old) {
        life_count += 1;
        if page.life == Life::Dead && !page.born {
            runs.add(1, page.page_bytes as usize);
        }
    }
    let Runs { run_count, old_bytes } = runs;
    UndoSize { run_count, old_bytes, life_count, name_count, name_bytes }
}
