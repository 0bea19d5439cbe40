//! What one commit replaced, in columns.

use std::sync::Arc;

use mmsb_types::{Epoch, PageId, limits::COMPACT_ID_MAX};

/// What one commit replaced. Its runs lie on distinct bytes, in the order of the commit.
#[derive(Debug, Default)]
pub(crate) struct UndoRecord {
    pub(super) epoch: Epoch,
    runs: Vec<OldRun>,
    /// The runs' bytes, one behind the other.
    old: Vec<u8>,
    lives: Vec<(PageId, Life)>,
    names: Vec<(PageId, Option<Arc<str>>)>,
}

/// How much a record holds, or has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UndoSize {
    /// Runs, those of deleted pages included.
    pub(crate) run_count: usize,
    /// Bytes of all runs together.
    pub(crate) old_bytes: usize,
    /// Pages created and deleted.
    pub(crate) life_count: usize,
    /// Pages whose name changes.
    pub(crate) name_count: usize,
    /// Bytes of their names before.
    pub(crate) name_bytes: usize,
}

/// A run of a page that the commit replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OldRun {
    /// Small ids only: a bus holds no others.
    pub(crate) page: u32,
    pub(crate) offset: u32,
    pub(crate) len: u32,
}

const _: () = assert!(COMPACT_ID_MAX <= u32::MAX as u64, "a live page's id fits 32 bits");

/// What a commit did to a page's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It created the page.
    Born,
    /// It deleted the page, which had this length, in bytes; its bytes are a run.
    Died { page_bytes: u32 },
}

impl UndoRecord {
    /// Adds a run's bytes before the commit.
    ///
    /// # Cost
    /// Two appends; never an allocation if the draft was opened with enough room.
    #[inline]
    pub(crate) fn push_run(&mut self, page: PageId, offset: u32, old: &[u8]) {
        debug_assert!(self.runs.len() < self.runs.capacity(), "room was made for every run");
        debug_assert!(self.old.len() + old.len() <= self.old.capacity(), "room was made for every byte");
        self.runs.push(OldRun { page: page.get() as u32, offset, len: old.len() as u32 });
        self.old.extend_from_slice(old);
    }

    /// Adds a page that the commit creates.
    pub(crate) fn push_birth(&mut self, page: PageId) {
        debug_assert!(self.lives.len() < self.lives.capacity(), "room was made for every life");
        self.lives.push((page, Life::Born));
    }

    /// Adds a page that the commit deletes, with its last bytes.
    pub(crate) fn push_death(&mut self, page: PageId, bytes: &[u8]) {
        debug_assert!(self.lives.len() < self.lives.capacity(), "room was made for every life");
        self.lives.push((page, Life::Died { page_bytes: bytes.len() as u32 }));
        self.push_run(page, 0, bytes);
    }

    /// Adds a page whose name the commit changes, with its name before.
    pub(crate) fn push_name(&mut self, page: PageId, old: Option<Arc<str>>) {
        debug_assert!(self.names.len() < self.names.capacity(), "room was made for every name");
        self.names.push((page, old));
    }

    /// Returns the runs; their bytes lie in [`UndoRecord::old`] in the same order.
    pub(crate) fn runs(&self) -> &[OldRun] {
        &self.runs
    }

    /// Returns the runs' bytes, one behind the other.
    pub(crate) fn old(&self) -> &[u8] {
        &self.old
    }

    pub(crate) fn lives(&self) -> &[(PageId, Life)] {
        &self.lives
    }

    pub(crate) fn names(&self) -> &[(PageId, Option<Arc<str>>)] {
        &self.names
    }

    /// How many bytes the content takes.
    pub(super) fn bytes(&self) -> usize {
        let (run_count, old_bytes) = (self.runs.len(), self.old.len());
        let (life_count, name_count) = (self.lives.len(), self.names.len());
        let name_bytes = self.name_bytes();
        UndoSize { run_count, old_bytes, life_count, name_count, name_bytes }.bytes()
    }

    /// How many bytes the columns have room for.
    pub(super) fn capacity_bytes(&self) -> usize {
        let (run_count, old_bytes) = (self.runs.capacity(), self.old.capacity());
        let (life_count, name_count) = (self.lives.capacity(), self.names.capacity());
        let name_bytes = self.name_bytes();
        UndoSize { run_count, old_bytes, life_count, name_count, name_bytes }.bytes()
    }

    fn name_bytes(&self) -> usize {
        self.names.iter().filter_map(|(_, name)| name.as_deref()).map(str::len).sum()
    }

    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.old.clear();
        self.lives.clear();
        self.names.clear();
    }

    pub(super) fn reserve(&mut self, size: UndoSize) {
        self.runs.reserve_exact(size.run_count);
        self.old.reserve_exact(size.old_bytes);
        self.lives.reserve_exact(size.life_count);
        self.names.reserve_exact(size.name_count);
    }

    /// Gives back the room beyond the content.
    pub(super) fn shrink(&mut self) {
        self.runs.shrink_to_fit();
        self.old.shrink_to_fit();
        self.lives.shrink_to_fit();
        self.names.shrink_to_fit();
    }
}

impl UndoSize {
    pub(super) fn bytes(self) -> usize {
        let runs = self.run_count.saturating_mul(size_of::<OldRun>()).saturating_add(self.old_bytes);
        let lives = self.life_count * size_of::<(PageId, Life)>();
        let names = self.name_count * size_of::<(PageId, Option<Arc<str>>)>() + self.name_bytes;
        runs.saturating_add(lives + names)
    }
}
