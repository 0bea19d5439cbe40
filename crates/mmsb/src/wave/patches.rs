//! What a wave changes, as a commit stores it: noted while the bytes before and after are both at hand.
//!
//! Invariant: the patches of a page are those that a capture of what was made of it would come to.

use mmsb_delta::{DeltaBatch, choose_into, diff_runs};
use mmsb_page::Need;
use mmsb_types::{PageId, Span};

use crate::txn::Draft;

/// What is kept for the next wave at most.
const IDLE_BYTES_MAX: usize = 4 << 20;

/// The patches of one wave.
#[derive(Debug, Default)]
pub(crate) struct Patches {
    batch: DeltaBatch,
    need: Need,
    runs: Vec<Span>,
}

impl Patches {
    /// Begins another wave.
    pub(super) fn clear(&mut self) {
        if self.batch.payload_bytes() > IDLE_BYTES_MAX {
            self.batch = DeltaBatch::default();
        }
        self.batch.clear();
        self.need = Need::default();
    }

    /// Notes what becomes of a page, which was `old`; it has its turn once in a wave.
    pub(super) fn note(&mut self, page: PageId, old: &[u8], new: &[u8]) {
        diff_runs(old, new, &mut self.runs);
        choose_into(page, old, new, &self.runs, &mut self.batch);
        // A desk's copy is as long as its page.
        self.need.add(old.len() as u32);
    }

    /// Adds them to a transaction that only writes; `false`, and nothing is added, if it cannot hold them.
    pub(super) fn join(&self, draft: &mut Draft) -> bool {
        let is_compact = self.batch.wide_count() == 0;
        if is_compact && !self.batch.is_empty() {
            draft.push_patches(self.batch.view(), self.need);
        }
        is_compact
    }
}
