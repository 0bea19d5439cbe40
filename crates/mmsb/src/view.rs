//! What can be looked at and compared: states as of one epoch.
//!
//! Invariant: a [`View`] never changes. It lends bytes page by page, so that looking at one costs no copy of
//! a whole state.

mod shown;

use mmsb_types::{Epoch, Label, PageId};

pub use self::shown::ToView;
use crate::{Error, GraphView, PageInfo, lineage::Lined};

/// A state as of one epoch. It never changes, whatever becomes of the bus.
pub trait View: Lined {
    /// Returns the state's epoch.
    fn epoch(&self) -> Epoch;

    /// Returns the label of the commit that made the state.
    ///
    /// # Errors
    /// If it must be read from a log, and cannot be.
    fn label(&self) -> Result<Option<Label>, Error>;

    /// Lists the pages by rising id.
    ///
    /// # Errors
    /// If the state can no longer be read.
    fn pages(&self) -> Result<Vec<PageInfo>, Error>;

    /// Returns who depends on whom.
    ///
    /// # Errors
    /// If the state can no longer be read.
    fn graph(&self) -> Result<GraphView, Error>;

    /// Calls `visit` with each page and all its bytes, in the order asked for.
    ///
    /// Ask for many pages at once: where they must be read from a log, one pass over it finds them all.
    ///
    /// # Errors
    /// [`Error::PageNotFound`] if the state has not all of the pages; some may have been visited. Others if
    /// the state can no longer be read.
    fn with_pages(&self, pages: &[PageId], visit: &mut dyn FnMut(PageId, &[u8])) -> Result<(), Error>;
}

impl<V: View + ?Sized> View for &V {
    fn epoch(&self) -> Epoch {
        (**self).epoch()
    }

    fn label(&self) -> Result<Option<Label>, Error> {
        (**self).label()
    }

    fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        (**self).pages()
    }

    fn graph(&self) -> Result<GraphView, Error> {
        (**self).graph()
    }

    fn with_pages(&self, pages: &[PageId], visit: &mut dyn FnMut(PageId, &[u8])) -> Result<(), Error> {
        (**self).with_pages(pages, visit)
    }
}
