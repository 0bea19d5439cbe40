//! Changing pages and the catalogue through a transaction.

use mmsb_delta::Misfit;
use mmsb_types::{
    PageEvent, PageId, PageLocation, Span,
    limits::{PAGE_BYTES_MAX, PAGE_BYTES_MIN, TEXT_BYTES_MAX},
};

use super::{Change, Life, Transaction, TxPage, image::Image};
use crate::{Error, graph::GraphEdit, typed::Value};

impl<'b> Transaction<'b> {
    /// Writes bytes into the page from `offset` on.
    ///
    /// # Errors
    /// [`Error::PageNotFound`]; [`Error::InvalidDelta`] if they pass the page's end. Nothing was written.
    #[inline]
    pub fn write(&mut self, page: PageId, offset: u32, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        let bytes = bytes.as_ref();
        if let Some(store) = self.live
            && let Some(page_bytes) = store.approach(page, offset, bytes.len())
            && u64::from(offset) + bytes.len() as u64 <= u64::from(page_bytes)
            && self.draft.push_write(page, page_bytes, offset, bytes)
        {
            return Ok(());
        }
        self.write_apart(page, offset, bytes)
    }

    /// Writes a value into the page at `offset`, byte for byte as it is in memory.
    ///
    /// # Errors
    /// As [`Transaction::write`].
    #[inline]
    pub fn put<T: Value + ?Sized>(&mut self, page: PageId, offset: u32, value: &T) -> Result<(), Error> {
        self.write(page, offset, value.as_bytes())
    }

    /// Makes the page exactly `bytes`; the commit finds out which of them changed.
    ///
    /// It replaces what the transaction wrote to the page before; later writes are laid over it. Whatever
    /// other commits do meanwhile, the page is exactly the image afterwards, and an equal image writes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::PageNotFound`]; [`Error::InvalidDelta`] if the lengths differ.
    pub fn capture(&mut self, page: PageId, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        let bytes = bytes.as_ref();
        self.capture_with(page, bytes.len(), || Image::copy_of(bytes))
    }

    /// Captures as [`Transaction::capture`] does, and borrows the bytes until the commit instead of
    /// copying them.
    ///
    /// # Errors
    /// As [`Transaction::capture`].
    pub fn capture_ref(&mut self, page: PageId, bytes: &'b [u8]) -> Result<(), Error> {
        self.capture_with(page, bytes.len(), || Image::Borrowed(bytes))
    }

    /// The original name of [`Transaction::capture`].
    ///
    /// # Errors
    /// As [`Transaction::capture`].
    pub fn update_page(&mut self, page: PageId, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.capture(page, bytes)
    }

    /// Creates a page of `page_bytes` zero bytes; `None` leaves it unnamed.
    ///
    /// # Errors
    /// [`Error::PageLength`], [`Error::Text`], [`Error::IdsUsedUp`]. A name that is taken is told by the commit.
    pub fn create_page<'n>(
        &mut self,
        name: impl Into<Option<&'n str>>,
        page_bytes: usize,
    ) -> Result<PageId, Error> {
        self.create_page_in(PageLocation::Host, name, page_bytes)
    }

    /// Creates a page as [`Transaction::create_page`] does, and says where it lives, as [`Bus::locate`](crate::Bus::locate)
    /// does for one that is there.
    ///
    /// # Errors
    /// As [`Transaction::create_page`], and [`Error::UnsupportedLocation`].
    pub fn create_page_in<'n>(
        &mut self,
        location: PageLocation,
        name: impl Into<Option<&'n str>>,
        page_bytes: usize,
    ) -> Result<PageId, Error> {
        let location = self.target.place(location)?;
        let page_bytes = check_length(page_bytes)?;
        let name = name.into().map(|name| check_text("a page's name", name)).transpose()?;
        let target = self.target;
        let detail = self.make_detail()?;
        let page = target.take_id()?;
        target.settle_in(page, location);
        detail.add(TxPage::new(page, page_bytes, Life::Born));
        // Where it lives is this process's matter: the log says the same everywhere.
        detail.events.push(PageEvent::Created { page, page_bytes, location: PageLocation::Host, name });
        Ok(page)
    }

    /// Brings a page back that was deleted: its id begins another life, with zero bytes.
    ///
    /// # Errors
    /// As [`Transaction::make_detail`].
    pub(crate) fn revive_page(
        &mut self,
        page: PageId,
        page_bytes: u32,
        name: Option<&str>,
    ) -> Result<(), Error> {
        let detail = self.make_detail()?;
        detail.add(TxPage::new(page, page_bytes, Life::Born));
        let name = name.map(str::to_owned);
        detail.events.push(PageEvent::Created { page, page_bytes, location: PageLocation::Host, name });
        Ok(())
    }

    /// Deletes the page; its name is free again, its id is never given to another page.
    ///
    /// Its edges go with it. That another page is derived from it is told by the commit, unless that one goes, too.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn delete_page(&mut self, page: PageId) -> Result<(), Error> {
        let found = self.touch(page)?;
        let born_here = found.life == Life::Born;
        found.life = Life::Dead;
        found.change = Change::None;
        let detail = self.make_detail()?;
        detail.edits.push(GraphEdit::Delete(page));
        if born_here {
            // Nobody saw it: it leaves no trace.
            detail.events.retain(|event| event.page() != page);
        } else {
            detail.events.push(PageEvent::Deleted { page });
        }
        Ok(())
    }

    /// Names the page, or takes its name away with `None`. Pages may swap names in one transaction: only the
    /// names after the commit must differ.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::Text`]. A name that is taken is told by the commit.
    pub fn name_page<'n>(&mut self, page: PageId, name: impl Into<Option<&'n str>>) -> Result<(), Error> {
        let name = name.into().map(|name| check_text("a page's name", name)).transpose()?;
        self.touch(page)?.named = true;
        self.make_detail()?.events.push(PageEvent::Named { page, name });
        Ok(())
    }

    /// Writes to a branch, or to the page's own record, or tells why that cannot be.
    #[cold]
    fn write_apart(&mut self, page: PageId, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        if self.detail.is_none() {
            let page_bytes = self.target.page_bytes(page)?;
            check_span(page, offset, bytes.len(), page_bytes)?;
            if self.draft.push_write(page, page_bytes, offset, bytes) {
                return Ok(());
            }
        }
        let found = self.touch(page)?;
        check_span(page, offset, bytes.len(), found.page_bytes)?;
        if !bytes.is_empty() {
            found.overwrite(offset, bytes);
        }
        Ok(())
    }

    fn capture_with(
        &mut self,
        page: PageId,
        len: usize,
        image: impl FnOnce() -> Image<'b>,
    ) -> Result<(), Error> {
        let found = self.touch(page)?;
        if len != found.page_bytes as usize {
            let got = u32::try_from(len).unwrap_or(u32::MAX);
            let misfit = Misfit::WrongLength { got, page_bytes: found.page_bytes };
            return Err(Error::InvalidDelta { page, misfit });
        }
        found.set_image(image());
        Ok(())
    }
}

/// Refuses a write that passes its page's end.
#[inline]
fn check_span(page: PageId, offset: u32, len: usize, page_bytes: u32) -> Result<(), Error> {
    let span = Span::new(offset, u32::try_from(len).unwrap_or(u32::MAX));
    if span.fits(page_bytes) {
        return Ok(());
    }
    Err(Error::InvalidDelta { page, misfit: Misfit::OutOfBounds { span, page_bytes } })
}

/// Refuses a text that is empty or too long.
pub(crate) fn check_text(what: &'static str, text: &str) -> Result<String, Error> {
    match text.len() {
        1..=TEXT_BYTES_MAX => Ok(text.to_owned()),
        bytes => Err(Error::Text { what, bytes }),
    }
}

fn check_length(page_bytes: usize) -> Result<u32, Error> {
    let legal = |bytes: &u32| (PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(bytes);
    u32::try_from(page_bytes).ok().filter(legal).ok_or(Error::PageLength { page_bytes: page_bytes as u64 })
}
