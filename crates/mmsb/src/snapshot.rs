//! A state of the present that stays: the bus as of one epoch, while commits go on.
//!
//! Invariant: what a snapshot shows never changes, however long it is held, also once the bus is stopped and
//! its handles are gone. Memory for it is bounded; where that runs out, it is read from the log.

mod aged;
mod pinned;

use std::{fmt, sync::Arc};

use mmsb_types::{Epoch, Label, PageId};

use self::pinned::Pinned;
use crate::{
    Branch, Error, GraphView, PageInfo, View,
    branch::Base,
    bus::{Inner, with_buffer},
    catalogue::Names,
    graph::GraphState,
    lineage::{Lineage, Lined},
    typed::{self, Readable},
    wave::token,
};

/// The bus as of one epoch, all pages together; made by [`Bus::snapshot`](crate::Bus::snapshot).
///
/// Making one costs the same whatever the number of pages, and stops no commit. Clones share it, and may go
/// to other threads. Commits save what they replace as long as a snapshot needs it, within the bytes set by
/// [`Builder::preimage_bytes`](crate::Builder::preimage_bytes). Where commits need more, the oldest snapshots
/// age: they are then read from the log. That changes what a read costs, not what it answers; only a bus whose
/// log does not reach back answers [`Error::SnapshotTooOld`] then.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let score = bus.create_page("score", 8)?;
/// bus.put(score, 0, &1u64)?;
/// let before = bus.snapshot();
/// bus.put(score, 0, &2u64)?;
/// bus.delete_page(score)?;
/// assert_eq!(before.page("score")?, Some(score));
/// assert_eq!(before.get::<u64>(score, 0)?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Snapshot {
    pinned: Arc<Pinned>,
}

impl fmt::Debug for Snapshot {
    /// A line, not the pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epoch, is_aged) = (self.epoch(), self.is_aged());
        f.debug_struct("Snapshot").field("epoch", &epoch).field("is_aged", &is_aged).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn new(bus: Arc<Inner>) -> Self {
        Self { pinned: Arc::new(Pinned::new(bus)) }
    }

    /// Returns the epoch of this state: it holds every commit up to it, and nothing of later ones.
    ///
    /// Commits up to it may still be under way on other threads; reads wait for those they need.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.pinned.epoch()
    }

    /// Returns the label of the commit that made this state.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::SnapshotTooOld`]; [`Error::Poisoned`], [`Error::Corrupt`],
    /// [`Error::Io`] if the log cannot be read.
    ///
    /// # Cost
    /// Labels are in the log alone: reads it up to this state.
    pub fn label(&self) -> Result<Option<Label>, Error> {
        self.pinned.label()
    }

    /// Tells whether the snapshot has aged: what commits have replaced since is read from the log.
    #[must_use]
    pub fn is_aged(&self) -> bool {
        self.pinned.is_aged()
    }

    /// Says that pages below `page` will not be read from this snapshot any more: commits need not save them for it.
    /// Who reads all pages once, by rising id, and says so every few pages keeps half as many old bytes alive, and
    /// costs those who write meanwhile half as much.
    ///
    /// Such a page can still be read, but from the log if it changed. One snapshot of a bus at a time may pass
    /// pages, and only one that was not cloned: `false`, and nothing changed, otherwise.
    ///
    /// # Cost
    /// A store or two; the first time, a mutex that no commit takes. Dropping such a snapshot frees what commits
    /// saved for it, some 100 ns a page, which commits to come need not do then.
    pub fn pass(&mut self, page: PageId) -> bool {
        Arc::get_mut(&mut self.pinned).is_some_and(|pinned| pinned.pass(page))
    }

    /// Fills `buffer` from the page, beginning at `offset`, and returns the epoch of these bytes.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`]; once aged, [`Error::SnapshotTooOld`] and those of
    /// reading the log: [`Error::Poisoned`], [`Error::Corrupt`], [`Error::Io`]. [`Error::Busy`] if a commit
    /// under way does not end.
    ///
    /// # Cost
    /// One copy. Once aged, a pass over the log: ask for many pages at once, with
    /// [`Snapshot::read_many`] or [`View::with_pages`].
    pub fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        token::check()?;
        match self.pinned.read(page, offset, buffer)? {
            Some(epoch) => Ok(epoch),
            None => self.pinned.read_from_log(page, offset, buffer),
        }
    }

    /// Fills a buffer from each page: its id, the first byte's offset, the buffer.
    ///
    /// # Errors
    /// As [`Snapshot::read`]; some buffers may have been filled.
    ///
    /// # Cost
    /// A copy each. Once aged, one pass over the log for all of them.
    pub fn read_many(&self, reads: &mut [(PageId, u32, &mut [u8])]) -> Result<(), Error> {
        token::check()?;
        for index in 0..reads.len() {
            let (page, offset, buffer) = &mut reads[index];
            if self.pinned.read(*page, *offset, buffer)?.is_none() {
                return self.pinned.read_many_from_log(&mut reads[index..]);
            }
        }
        Ok(())
    }

    /// Fills buffers as [`Snapshot::read_many`] does, but never from the log: `None` if that would be needed.
    pub(crate) fn read_fresh(&self, reads: &mut [(PageId, u32, &mut [u8])]) -> Result<Option<Epoch>, Error> {
        token::check()?;
        for (page, offset, buffer) in reads {
            if self.pinned.read(*page, *offset, buffer)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(self.epoch()))
    }

    /// Reads a value from the page at `offset`.
    ///
    /// # Errors
    /// As [`Snapshot::read`], and [`Error::InvalidValue`].
    pub fn get<T: Readable>(&self, page: PageId, offset: u32) -> Result<T, Error> {
        typed::get(page, offset, |buffer| self.read(page, offset, buffer).map(drop))
    }

    /// Calls `visit` with all bytes of the page, in a buffer that is used again.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub fn with_page<R>(&self, page: PageId, visit: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        token::check()?;
        with_buffer(|buffer| match self.pinned.read_page(page, buffer)? {
            Some(_) => Ok(visit(buffer)),
            None => self.pinned.page_from_log(page).map(|(_, bytes)| visit(&bytes)),
        })
    }

    /// Returns the page's length, in bytes.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub fn page_bytes(&self, page: PageId) -> Result<u32, Error> {
        self.pinned.life(page).map(|(page_bytes, _)| page_bytes)
    }

    /// Returns the epoch of the commit that changed the page last.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub fn page_epoch(&self, page: PageId) -> Result<Epoch, Error> {
        self.pinned.life(page).map(|(_, epoch)| epoch)
    }

    /// Returns the catalogue as of this state.
    pub(crate) fn names(&self) -> Result<Names, Error> {
        self.pinned.names().cloned()
    }

    /// Returns the graph as of this state, without what it takes to show it.
    pub(crate) fn graph_state(&self) -> Result<GraphState, Error> {
        self.pinned.graph().cloned()
    }

    pub(crate) fn life(&self, page: PageId) -> Result<(u32, Epoch), Error> {
        self.pinned.life(page)
    }

    /// Returns what is known of a page.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub fn info(&self, page: PageId) -> Result<PageInfo, Error> {
        let ((page_bytes, epoch), names) = (self.pinned.life(page)?, self.pinned.names()?);
        let (name, location) = (names.name(page).cloned(), names.location(page));
        Ok(PageInfo { page, page_bytes, name, epoch, location })
    }

    /// Makes a branch that begins as this state; it shares the snapshot, and every page it does not change.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end.
    ///
    /// # Cost
    /// The same whatever the number of pages: some microseconds, and less than a kilobyte.
    pub fn branch(&self) -> Result<Branch, Error> {
        let first_id = self.pinned.names()?.next_id;
        Ok(Branch::new(Base::Snapshot(self.clone()), first_id, self.pinned.parent()))
    }

    /// Returns who depends on whom, as of this state.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end.
    pub fn graph(&self) -> Result<GraphView, Error> {
        token::check()?;
        Ok(GraphView::new(self.epoch(), self.pinned.graph()?.clone(), self.pinned.names()?.clone()))
    }

    /// Returns the page with this name.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end.
    pub fn page(&self, name: &str) -> Result<Option<PageId>, Error> {
        Ok(self.pinned.names()?.page(name))
    }

    /// Returns the page's name, if it has one.
    ///
    /// # Errors
    /// As [`Snapshot::page`].
    pub fn page_name(&self, page: PageId) -> Result<Option<Arc<str>>, Error> {
        Ok(self.pinned.names()?.name(page).cloned())
    }

    /// Lists the pages by rising id.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    ///
    /// # Cost
    /// Looks at every id that was ever used. Once aged, a pass over the log.
    pub fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        match self.pinned.list()? {
            Some(pages) => Ok(pages),
            None => self.pinned.list_from_log(),
        }
    }
}

impl Lined for Snapshot {
    fn lineage(&self) -> &Lineage {
        self.pinned.lineage()
    }
}

impl View for Snapshot {
    fn epoch(&self) -> Epoch {
        self.epoch()
    }

    fn label(&self) -> Result<Option<Label>, Error> {
        self.label()
    }

    fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        self.pages()
    }

    fn graph(&self) -> Result<GraphView, Error> {
        self.graph()
    }

    fn with_pages(&self, pages: &[PageId], visit: &mut dyn FnMut(PageId, &[u8])) -> Result<(), Error> {
        with_buffer(|buffer| {
            for (index, &page) in pages.iter().enumerate() {
                if self.pinned.read_page(page, buffer)?.is_none() {
                    return self.pinned.visit_from_log(&pages[index..], visit);
                }
                visit(page, buffer);
            }
            Ok(())
        })
    }
}
