//! What a transaction collects while it only writes: columns, laid out as the log stores them.
//!
//! Drafts are used again: a thread keeps those of its ended transactions, so beginning one takes no memory.
//!
//! Invariant: a draft in the pool is as good as new; what a thread keeps is at most [`POOL_BYTES_MAX`].

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
    panic::Location,
};

use mmsb_delta::DeltaBatch;
use mmsb_page::Need;
use mmsb_types::{Durability, Epoch, Label, PageId};

/// Room for many small drafts, or for the columns of one commit as large as most programs make.
const POOL_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { drafts: Vec::new(), bytes: 0 }) };
}

struct Pool {
    #[expect(clippy::vec_box, reason = "a draft stays in its box: taking and keeping it moves a pointer")]
    drafts: Vec<Box<Draft>>,
    /// Bytes of all drafts together.
    bytes: usize,
}

/// Settings and writes of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) durability: Durability,
    pub(crate) label: Option<Label>,
    pub(crate) tag: Option<String>,
    pub(crate) site: Option<&'static Location<'static>>,
    /// The commit makes this earlier state the newest one.
    pub(crate) rewinds_to: Option<Epoch>,
    /// Whoever wrote has seen to it that no two of the writes share a byte, and that those to one page stand
    /// together.
    pub(crate) is_apart: bool,
    /// The writes in their order, each checked against its page; only compact entries.
    pub(crate) writes: DeltaBatch,
    /// Room for what the pages were: each counts anew where another one was written before it.
    pub(crate) need: Need,
    /// What it counted when the pool took it.
    pooled_bytes: usize,
}

/// A draft that goes back to its thread's pool.
#[derive(Debug)]
pub(crate) struct PooledDraft(Option<Box<Draft>>);

impl PooledDraft {
    /// Takes a draft used before, if there is one.
    #[inline]
    pub(super) fn new(durability: Durability, site: Option<&'static Location<'static>>) -> Self {
        // While the thread ends its pool may be gone already.
        let mut draft = POOL.try_with(|pool| pool.borrow_mut().take()).ok().flatten().unwrap_or_default();
        (draft.durability, draft.site) = (durability, site);
        Self(Some(draft))
    }
}

impl Deref for PooledDraft {
    type Target = Draft;

    #[inline]
    fn deref(&self) -> &Draft {
        self.0.as_deref().expect("only dropping takes the draft out")
    }
}

impl DerefMut for PooledDraft {
    #[inline]
    fn deref_mut(&mut self) -> &mut Draft {
        self.0.as_deref_mut().expect("only dropping takes the draft out")
    }
}

impl Drop for PooledDraft {
    #[inline]
    fn drop(&mut self) {
        if let Some(draft) = self.0.take() {
            // Without a pool the draft just goes.
            let _ = POOL.try_with(|pool| pool.borrow_mut().keep(draft));
        }
    }
}

impl Pool {
    #[inline]
    fn take(&mut self) -> Option<Box<Draft>> {
        let draft = self.drafts.pop()?;
        self.bytes -= draft.pooled_bytes;
        Some(draft)
    }

    #[inline]
    fn keep(&mut self, mut draft: Box<Draft>) {
        let bytes = draft.bytes();
        if self.bytes + bytes <= POOL_BYTES_MAX {
            draft.clear();
            draft.pooled_bytes = bytes;
            self.bytes += bytes;
            self.drafts.push(draft);
        }
    }
}

impl Draft {
    /// Adds a write that fits its page; `false` if the columns cannot hold it.
    #[inline]
    pub(super) fn push_write(&mut self, page: PageId, page_bytes: u32, offset: u32, bytes: &[u8]) -> bool {
        let is_other = !self.writes.ends_on(page);
        let pushed = self.writes.push_write(page, offset, bytes);
        if is_other {
            self.need.add(page_bytes);
        }
        pushed
    }

    #[inline]
    fn bytes(&self) -> usize {
        let [compact, wide, compact_payload, wide_payload] = self.writes.capacities();
        size_of::<Self>() + 8 * compact + 24 * wide + compact_payload + wide_payload
    }

    /// Durability and site are set anew with every use.
    #[inline]
    fn clear(&mut self) {
        (self.label, self.tag, self.rewinds_to, self.is_apart) = (None, None, None, false);
        self.writes.clear();
        self.need = Need::default();
    }
}

#[cfg(test)]
mod tests {
    use mmsb_types::Durability;

    use super::{POOL, POOL_BYTES_MAX, PageId, PooledDraft};

    fn draft_with(bytes: usize) -> PooledDraft {
        let mut draft = PooledDraft::new(Durability::Written, None);
        (0..bytes / 32).for_each(|_| assert!(draft.writes.push_write(PageId::FIRST, 0, &[7; 32])));
        draft
    }

    #[test]
    fn a_draft_is_used_again_and_holds_nothing_of_its_last_use() {
        let mut used = draft_with(100);
        (used.label, used.tag) = (Some(7.into()), Some("tag".into()));
        drop(used);
        let draft = PooledDraft::new(Durability::Synced, None);
        assert!(draft.writes.is_empty() && draft.writes.capacities()[0] > 0);
        assert_eq!((draft.label, &draft.tag, draft.durability), (None, &None, Durability::Synced));
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        let drafts: Vec<_> = (0..100).map(|_| draft_with(POOL_BYTES_MAX / 2)).collect();
        drop(drafts);
        let (bytes, count) = POOL.with_borrow(|pool| (pool.bytes, pool.drafts.len()));
        assert!(bytes <= POOL_BYTES_MAX && (1..20).contains(&count), "{count} drafts, {bytes} bytes");
    }
}
