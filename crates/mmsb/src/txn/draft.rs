//! What a transaction collects while it only writes.
//!
//! Most are one short write and nothing else: that one is kept in place, and takes nothing from anywhere. The next
//! write, or whatever else there is to say, takes columns from the thread's pool.
//!
//! Invariant: where there are columns, all writes are in them.

use std::panic::Location;

use mmsb_delta::{BatchView, ShortWrite};
use mmsb_page::Need;
use mmsb_types::{Durability, Epoch, Label, PageId};

use super::columns::{Columns, PooledColumns};

/// Settings and writes of one transaction.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) durability: Durability,
    pub(crate) site: Option<&'static Location<'static>>,
    /// Room for what the pages were: each counts anew where another one was written before it.
    pub(crate) need: Need,
    first: Option<ShortWrite>,
    columns: Option<PooledColumns>,
}

impl Draft {
    #[inline]
    pub(super) fn new(durability: Durability, site: Option<&'static Location<'static>>) -> Self {
        Self { durability, site, need: Need::default(), first: None, columns: None }
    }

    /// Returns the only write, if it is a short one, and nothing is said beside it but the code site.
    #[inline]
    pub(crate) fn only_short(&self) -> Option<&ShortWrite> {
        self.first.as_ref()
    }

    /// Returns the writes in their order.
    #[inline]
    pub(crate) fn writes(&self) -> BatchView<'_> {
        match (&self.columns, &self.first) {
            (Some(columns), _) => columns.writes.view(),
            (None, Some(first)) => first.view(),
            (None, None) => BatchView::default(),
        }
    }

    #[inline]
    pub(crate) fn label(&self) -> Option<Label> {
        self.columns.as_ref().and_then(|columns| columns.label)
    }

    #[inline]
    pub(crate) fn tag(&self) -> Option<&str> {
        self.columns.as_ref().and_then(|columns| columns.tag.as_deref())
    }

    #[inline]
    pub(crate) fn rewinds_to(&self) -> Option<Epoch> {
        self.columns.as_ref().and_then(|columns| columns.rewinds_to)
    }

    /// Tells whether whoever wrote has seen to it that no writes meet; see [`Columns::is_apart`].
    #[inline]
    pub(crate) fn is_apart(&self) -> bool {
        self.columns.as_ref().is_some_and(|columns| columns.is_apart)
    }

    /// Returns why pages were computed, encoded; nothing if none was.
    #[inline]
    pub(crate) fn cause(&self) -> &[u8] {
        self.columns.as_ref().map_or(&[], |columns| &columns.cause)
    }

    /// Adds patches of pages that nothing else in it changes; they are compact, and `need` is theirs.
    pub(crate) fn push_patches(&mut self, patches: BatchView<'_>, need: Need) {
        self.need.add_all(need);
        self.columns().writes.push_compact(patches);
    }

    /// Adds a write that fits its page; `false` if the columns cannot hold it.
    ///
    /// Inlined to where the length is known: there a short write is copied in place.
    #[inline(always)]
    pub(super) fn push_write(&mut self, page: PageId, page_bytes: u32, offset: u32, bytes: &[u8]) -> bool {
        if let Some(columns) = &mut self.columns {
            if !columns.writes.ends_on(page) {
                self.need.add(page_bytes);
            }
            return columns.writes.push_write(page, offset, bytes);
        }
        if self.first.is_none() {
            self.first = ShortWrite::new(page, offset, bytes);
            if self.first.is_some() {
                self.need.add(page_bytes);
                return true;
            }
        }
        self.push_into_columns(page, page_bytes, offset, bytes)
    }

    /// Adds a write as [`Draft::push_write`] does, the first one to columns.
    #[inline(never)]
    fn push_into_columns(&mut self, page: PageId, page_bytes: u32, offset: u32, bytes: &[u8]) -> bool {
        self.columns();
        self.push_write(page, page_bytes, offset, bytes)
    }

    /// Returns the columns, with all there is in them.
    pub(crate) fn columns(&mut self) -> &mut Columns {
        let first = self.first.take();
        let columns = self.columns.get_or_insert_with(PooledColumns::new);
        if let Some(first) = first {
            columns.writes.push_compact(first.view());
        }
        columns
    }

    /// Forgets the writes.
    pub(super) fn clear_writes(&mut self) {
        self.first = None;
        if let Some(columns) = &mut self.columns {
            columns.writes.clear();
        }
    }
}
