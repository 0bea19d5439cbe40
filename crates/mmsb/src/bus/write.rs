//! Changes of one page: each a transaction of its own.

use mmsb_types::{EdgeKind, PageId, PageLocation};

use crate::{Bus, Committed, Error, ManyError, Transaction, commit, typed::Value};

impl Bus {
    /// Creates a page of `page_bytes` zero bytes in a commit of its own; `None` leaves it unnamed.
    ///
    /// # Errors
    /// [`Error::PageLength`], [`Error::Text`], [`Error::NameTaken`], and those of
    /// [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn create_page<'n>(
        &self,
        name: impl Into<Option<&'n str>>,
        page_bytes: usize,
    ) -> Result<PageId, Error> {
        self.create_page_in(PageLocation::Host, name, page_bytes)
    }

    /// Creates a page as [`Bus::create_page`] does, and says where it lives, as [`Bus::locate`] does for one that is
    /// there.
    ///
    /// # Errors
    /// As [`Bus::create_page`], and [`Error::UnsupportedLocation`].
    #[track_caller]
    pub fn create_page_in<'n>(
        &self,
        location: PageLocation,
        name: impl Into<Option<&'n str>>,
        page_bytes: usize,
    ) -> Result<PageId, Error> {
        let mut tx = self.begin();
        let page = tx.create_page_in(location, name, page_bytes)?;
        tx.commit()?;
        Ok(page)
    }

    /// Deletes the page in a commit of its own.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], and those of [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn delete_page(&self, page: PageId) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.delete_page(page)?;
        tx.commit()
    }

    /// Makes `target` depend on `source`, in a commit of its own.
    ///
    /// # Errors
    /// [`Error::PageNotFound`]; [`Error::Cycle`] if `source` depends on `target` already; [`Error::DerivedPage`] for
    /// a data edge to a derived page; and those of [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn link(&self, source: PageId, target: PageId, kind: EdgeKind) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.link(source, target, kind)?;
        tx.commit()
    }

    /// Takes an edge away, in a commit of its own.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::NoSuchEdge`]; [`Error::DerivedPage`] for an edge that follows from a
    /// registration; and those of [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn unlink(&self, source: PageId, target: PageId, kind: EdgeKind) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.unlink(source, target, kind)?;
        tx.commit()
    }

    /// Writes bytes into the page from `offset` on, in a commit of their own.
    ///
    /// # Errors
    /// As [`Transaction::write`](crate::Transaction::write) and
    /// [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn write(&self, page: PageId, offset: u32, bytes: impl AsRef<[u8]>) -> Result<Committed, Error> {
        let bytes = bytes.as_ref();
        if let Some(committed) = commit::write_one(self, page, offset, bytes)? {
            return Ok(committed);
        }
        let mut tx = self.begin();
        tx.write(page, offset, bytes)?;
        tx.commit()
    }

    /// Commits many transactions, one epoch each, in their order, and waits once, for the strongest durability
    /// that one of them asks for.
    ///
    /// They are pulled from the iterator a few ahead of those being committed: what one of them reads may not
    /// hold what the few before it wrote, which its commit then finds out.
    ///
    /// # Errors
    /// The first failure, as [`Transaction::commit`] would tell it: all before it are committed, it and those
    /// behind it are not.
    ///
    /// # Cost
    /// For transactions of a few writes about a third of what single commits take: misses overlap, and what a
    /// commit costs beside its writes is shared.
    pub fn commit_many<'t>(
        &'t self,
        transactions: impl IntoIterator<Item = Transaction<'t>>,
    ) -> Result<Vec<Committed>, ManyError> {
        commit::run_many(self, transactions.into_iter())
    }

    /// Writes a value into the page at `offset`, in a commit of its own.
    ///
    /// # Errors
    /// As [`Bus::write`].
    #[track_caller]
    pub fn put<T: Value + ?Sized>(&self, page: PageId, offset: u32, value: &T) -> Result<Committed, Error> {
        self.write(page, offset, value.as_bytes())
    }

    /// Makes the page exactly `bytes`, in a commit of its own that stores only what differs.
    ///
    /// # Errors
    /// As [`Transaction::capture`](crate::Transaction::capture) and
    /// [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn capture(&self, page: PageId, bytes: impl AsRef<[u8]>) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.capture(page, bytes)?;
        tx.commit()
    }
}
