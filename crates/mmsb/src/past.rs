//! A state of the past, whole and unchanging.

use std::sync::Arc;

use mmsb_types::{Epoch, Label, PageId, Span};

use crate::{
    Error, GraphView, PageInfo, View,
    lineage::{Lineage, Lined},
    replay::Heading,
    state::State,
    typed::{self, Readable},
    wave::token,
};

/// The bus as it was at one epoch. Cheap to clone; never changes; outlives its bus.
#[derive(Clone, Debug)]
pub struct Past {
    state: Arc<State>,
    lineage: Lineage,
}

impl Lined for Past {
    fn lineage(&self) -> &Lineage {
        &self.lineage
    }
}

impl View for Past {
    fn epoch(&self) -> Epoch {
        self.state.head.epoch
    }

    fn label(&self) -> Result<Option<Label>, Error> {
        Ok(self.state.head.label)
    }

    fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        Ok(self.pages().collect())
    }

    fn graph(&self) -> Result<GraphView, Error> {
        Ok(self.graph())
    }

    fn with_pages(&self, pages: &[PageId], visit: &mut dyn FnMut(PageId, &[u8])) -> Result<(), Error> {
        pages.iter().try_for_each(|&page| self.bytes(page).map(|bytes| visit(page, bytes)))
    }
}

impl Past {
    pub(crate) fn new(state: State, lineage: Lineage) -> Self {
        Self { state: Arc::new(state), lineage }
    }

    /// Returns what is known of the state beside its pages.
    pub(crate) fn heading(&self) -> &Heading {
        &self.state.head
    }

    /// Returns the lowest id that was never given out as of this state.
    pub(crate) fn next_id(&self) -> PageId {
        self.state.head.names.next_id
    }

    /// Returns the epoch of this state.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.state.head.epoch
    }

    /// Returns the label of the commit that made this state.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        self.state.head.label
    }

    /// Visits the pages by rising id.
    pub fn pages(&self) -> impl Iterator<Item = PageInfo> {
        self.state.infos()
    }

    /// Returns the page with this name.
    #[must_use]
    pub fn page(&self, name: &str) -> Option<PageId> {
        self.state.named(name)
    }

    /// Returns who depends on whom, as of this state.
    #[must_use]
    pub fn graph(&self) -> GraphView {
        let head = &self.state.head;
        GraphView::new(head.epoch, head.graph.clone(), head.names.clone())
    }

    /// Returns what is known of a page.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn info(&self, page: PageId) -> Result<PageInfo, Error> {
        self.state.info(page).ok_or(Error::PageNotFound { page, epoch: self.epoch() })
    }

    /// Returns all bytes of a page.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::Reentrant`].
    pub fn bytes(&self, page: PageId) -> Result<&[u8], Error> {
        // It never changes, but it is no input that the log knows of: a restart may hand the function another one.
        token::check()?;
        let state = self.state.page(page).ok_or(Error::PageNotFound { page, epoch: self.epoch() })?;
        Ok(&state.bytes)
    }

    /// Fills `buffer` from the page, beginning at `offset`.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`].
    pub fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let (bytes, len) = (self.bytes(page)?, buffer.len());
        let span = u32::try_from(len).map(|len| Span::new(offset, len)).ok();
        let source = span.filter(|span| span.fits(bytes.len() as u32)).map(|span| &bytes[span.range()]);
        let page_bytes = bytes.len() as u32;
        buffer.copy_from_slice(source.ok_or(Error::OutOfBounds { page, offset, len, page_bytes })?);
        Ok(())
    }

    /// Reads a value from the page at `offset`.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`], [`Error::InvalidValue`].
    pub fn get<T: Readable>(&self, page: PageId, offset: u32) -> Result<T, Error> {
        typed::get(page, offset, |buffer| self.read(page, offset, buffer))
    }
}
