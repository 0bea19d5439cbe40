//! Changes of one page of a branch: each a transaction of its own.

use mmsb_types::{EdgeKind, PageId};

use super::Branch;
use crate::{Committed, Error, typed::Value};

impl Branch {
    /// Creates a page of `page_bytes` zero bytes in a commit of its own; `None` leaves it unnamed.
    ///
    /// # Errors
    /// As [`Bus::create_page`](crate::Bus::create_page), and [`Error::Busy`].
    #[track_caller]
    pub fn create_page<'n>(
        &self,
        name: impl Into<Option<&'n str>>,
        page_bytes: usize,
    ) -> Result<PageId, Error> {
        let mut tx = self.begin();
        let page = tx.create_page(name, page_bytes)?;
        tx.commit()?;
        Ok(page)
    }

    /// Deletes the page in a commit of its own.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::Busy`].
    #[track_caller]
    pub fn delete_page(&self, page: PageId) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.delete_page(page)?;
        tx.commit()
    }

    /// Makes `target` depend on `source`, in a commit of its own.
    ///
    /// # Errors
    /// As [`Bus::link`](crate::Bus::link), and [`Error::Busy`].
    #[track_caller]
    pub fn link(&self, source: PageId, target: PageId, kind: EdgeKind) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.link(source, target, kind)?;
        tx.commit()
    }

    /// Takes an edge away, in a commit of its own.
    ///
    /// # Errors
    /// As [`Bus::unlink`](crate::Bus::unlink), and [`Error::Busy`].
    #[track_caller]
    pub fn unlink(&self, source: PageId, target: PageId, kind: EdgeKind) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.unlink(source, target, kind)?;
        tx.commit()
    }

    /// Writes bytes into the page from `offset` on, in a commit of their own.
    ///
    /// # Errors
    /// As [`Bus::write`](crate::Bus::write), and [`Error::Busy`].
    #[track_caller]
    pub fn write(&self, page: PageId, offset: u32, bytes: impl AsRef<[u8]>) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.write(page, offset, bytes)?;
        tx.commit()
    }

    /// Writes a value into the page at `offset`, in a commit of its own.
    ///
    /// # Errors
    /// As [`Branch::write`].
    #[track_caller]
    pub fn put<T: Value + ?Sized>(&self, page: PageId, offset: u32, value: &T) -> Result<Committed, Error> {
        self.write(page, offset, value.as_bytes())
    }

    /// Makes the page exactly `bytes`, in a commit of its own that stores only what differs.
    ///
    /// # Errors
    /// As [`Bus::capture`](crate::Bus::capture), and [`Error::Busy`].
    #[track_caller]
    pub fn capture(&self, page: PageId, bytes: impl AsRef<[u8]>) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.capture(page, bytes)?;
        tx.commit()
    }
}
