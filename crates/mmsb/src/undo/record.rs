//! What one commit replaced, in columns.

use std::sync::Arc;

use mmsb_delta::compact_span;
use mmsb_page::prefetch_own;
use mmsb_types::{Epoch, PageId, limits::COMPACT_ID_MAX};

use crate::graph::Before;

/// What one commit replaced, its runs on distinct bytes, in its order; or what several did that follow each other
/// and are one entry each.
#[derive(Debug, Default)]
pub(crate) struct UndoRecord {
    /// Of the last commit.
    pub(super) epoch: Epoch,
    pub(super) commit_count: usize,
    /// Runs as the frame's compact entries tell them; only a rewind reads them.
    entries: Vec<[u8; 8]>,
    /// The other runs.
    runs: Vec<OldRun>,
    /// The bytes of all runs, one behind the other, first those of the entries.
    old: Vec<u8>,
    lives: Vec<(PageId, Life)>,
    names: Vec<(PageId, Option<Arc<str>>)>,
    graph: Option<Arc<Before>>,
}

/// What commits replaced, as a record tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced<'r> {
    entries: &'r [[u8; 8]],
    runs: &'r [OldRun],
    old: &'r [u8],
    lives: &'r [(PageId, Life)],
    names: &'r [(PageId, Option<Arc<str>>)],
    graph: Option<&'r Before>,
}

/// How much a record holds, or has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UndoSize {
    /// Runs that are kept as compact entries.
    pub(crate) entry_count: usize,
    /// Other runs, those of deleted pages included.
    pub(crate) run_count: usize,
    /// Bytes of all runs together.
    pub(crate) old_bytes: usize,
    /// Pages created and deleted.
    pub(crate) life_count: usize,
    /// Pages whose name changes.
    pub(crate) name_count: usize,
    /// Bytes of their names before.
    pub(crate) name_bytes: usize,
    /// Bytes of what the commit replaces in the graph.
    pub(crate) graph_bytes: usize,
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
    /// Begins with the runs of a whole column of entries; their bytes follow, each by
    /// [`UndoRecord::push_old`], before any other run.
    #[inline]
    pub(crate) fn push_entries(&mut self, entries: &[[u8; 8]]) {
        debug_assert!(self.old.is_empty() && self.runs.is_empty(), "entries come first");
        debug_assert!(entries.len() <= self.entries.capacity(), "room was made for every entry");
        self.entries.extend_from_slice(entries);
    }

    /// Adds a run as [`UndoRecord::push_entries`] does a column of them.
    #[inline]
    pub(crate) fn push_entry(&mut self, entry: [u8; 8]) {
        debug_assert!(self.runs.is_empty(), "entries come first");
        debug_assert!(self.entries.len() < self.entries.capacity(), "room was made for every entry");
        self.entries.push(entry);
    }

    /// Adds the bytes of the next entry before the commit.
    ///
    /// # Cost
    /// Two or four moves for the lengths that fields and small records have; a call for any other.
    #[inline]
    pub(crate) fn push_old(&mut self, old: &[u8]) {
        debug_assert!(self.old.len() + old.len() <= self.old.capacity(), "room was made for every byte");
        // A length the compiler knows is copied in place.
        if let (32, Some(bytes)) = (old.len(), old.first_chunk::<32>()) {
            self.old.extend_from_slice(bytes);
        } else if let (16, Some(bytes)) = (old.len(), old.first_chunk::<16>()) {
            self.old.extend_from_slice(bytes);
        } else if let (8, Some(bytes)) = (old.len(), old.first_chunk::<8>()) {
            self.old.extend_from_slice(bytes);
        } else {
            self.old.extend_from_slice(old);
        }
    }

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

    /// Notes what the commit replaces in the graph.
    pub(crate) fn set_graph(&mut self, old: Arc<Before>) {
        self.graph = Some(old);
    }

    /// Returns how many commits it tells of, if the last one is that of `epoch`.
    pub(super) fn count_to(&self, epoch: Epoch) -> Option<u64> {
        (self.epoch == epoch).then_some(self.commit_count as u64)
    }

    /// Returns what the commits replaced, but for the first `skipped` of them.
    pub(super) fn replaced(&self, skipped: usize) -> Replaced<'_> {
        // Where there are several commits, each is an entry.
        let (before, entries) = self.entries.split_at(skipped);
        let bytes: usize = before.iter().map(|entry| compact_span(*entry).1.len as usize).sum();
        Replaced {
            entries,
            runs: &self.runs,
            old: &self.old[bytes..],
            lives: &self.lives,
            names: &self.names,
            graph: self.graph.as_deref(),
        }
    }

    /// How many bytes the content takes.
    pub(super) fn bytes(&self) -> usize {
        let (entry_count, run_count, old_bytes) = (self.entries.len(), self.runs.len(), self.old.len());
        if self.has_no_other_column() {
            return UndoSize { entry_count, old_bytes, ..UndoSize::default() }.bytes();
        }
        let (life_count, name_count) = (self.lives.len(), self.names.len());
        let (name_bytes, graph_bytes) = (self.name_bytes(), self.graph_bytes());
        UndoSize { entry_count, run_count, old_bytes, life_count, name_count, name_bytes, graph_bytes }
            .bytes()
    }

    /// How many bytes the columns have room for.
    pub(super) fn capacity_bytes(&self) -> usize {
        let (entry_count, old_bytes) = (self.entries.capacity(), self.old.capacity());
        if self.has_no_other_column() {
            return UndoSize { entry_count, old_bytes, ..UndoSize::default() }.bytes();
        }
        let (run_count, name_bytes) = (self.runs.capacity(), self.name_bytes());
        let (life_count, name_count) = (self.lives.capacity(), self.names.capacity());
        let graph_bytes = self.graph_bytes();
        UndoSize { entry_count, run_count, old_bytes, life_count, name_count, name_bytes, graph_bytes }
            .bytes()
    }

    /// Tells whether it never held anything but entries, which most commits are.
    fn has_no_other_column(&self) -> bool {
        self.graph.is_none() && self.runs.capacity() | self.lives.capacity() | self.names.capacity() == 0
    }

    fn name_bytes(&self) -> usize {
        self.names.iter().filter_map(|(_, name)| name.as_deref()).map(str::len).sum()
    }

    fn graph_bytes(&self) -> usize {
        self.graph.as_ref().map_or(0, |graph| graph.bytes())
    }

    /// Asks the memory for what the next commit writes to.
    pub(super) fn approach(&self) {
        prefetch_own(&*self.entries);
        prefetch_own(&*self.old);
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.runs.clear();
        self.old.clear();
        self.lives.clear();
        self.names.clear();
        self.graph = None;
    }

    pub(super) fn reserve(&mut self, size: UndoSize) {
        self.entries.reserve_exact(size.entry_count);
        self.runs.reserve_exact(size.run_count);
        self.old.reserve_exact(size.old_bytes);
        self.lives.reserve_exact(size.life_count);
        self.names.reserve_exact(size.name_count);
    }

    /// Gives back the room beyond the content.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.old.shrink_to_fit();
        self.lives.shrink_to_fit();
        self.names.shrink_to_fit();
    }
}

impl<'r> Replaced<'r> {
    /// Returns the runs; their bytes lie in [`Replaced::old`] in the same order.
    pub(crate) fn runs(&self) -> impl Iterator<Item = OldRun> + use<'r> {
        let entries = self.entries.iter().map(|entry| {
            let (page, span) = compact_span(*entry);
            OldRun { page: page.get() as u32, offset: span.offset, len: span.len }
        });
        entries.chain(self.runs.iter().copied())
    }

    /// Returns how many runs there are.
    pub(crate) fn run_count(&self) -> usize {
        self.entries.len() + self.runs.len()
    }

    /// Returns the runs' bytes, one behind the other.
    pub(crate) fn old(&self) -> &'r [u8] {
        self.old
    }

    pub(crate) fn lives(&self) -> &'r [(PageId, Life)] {
        self.lives
    }

    pub(crate) fn names(&self) -> &'r [(PageId, Option<Arc<str>>)] {
        self.names
    }

    pub(crate) fn graph(&self) -> Option<&'r Before> {
        self.graph
    }
}

impl UndoSize {
    #[inline]
    pub(super) fn bytes(self) -> usize {
        let entries = self.entry_count.saturating_mul(size_of::<[u8; 8]>());
        let runs = self.run_count.saturating_mul(size_of::<OldRun>()).saturating_add(self.old_bytes);
        let lives = self.life_count * size_of::<(PageId, Life)>();
        let names = self.name_count * size_of::<(PageId, Option<Arc<str>>)>() + self.name_bytes;
        entries.saturating_add(runs).saturating_add(lives + names + self.graph_bytes)
    }
}
