//! The state a branch begins as.

use mmsb_types::{Epoch, Label, PageId};

use crate::{Error, PageInfo, Past, Snapshot, View, catalogue::Names, graph::GraphState};

/// A state that never changes.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// In the bus's own memory, pinned.
    Snapshot(Snapshot),
    /// Rebuilt from the log.
    Past(Past),
}

impl Base {
    pub(crate) fn epoch(&self) -> Epoch {
        match self {
            Self::Snapshot(snapshot) => snapshot.epoch(),
            Self::Past(past) => past.epoch(),
        }
    }

    pub(super) fn label(&self) -> Result<Option<Label>, Error> {
        self.view().label()
    }

    pub(super) fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        self.view().pages()
    }

    pub(super) fn with_pages(
        &self,
        pages: &[PageId],
        visit: &mut dyn FnMut(PageId, &[u8]),
    ) -> Result<(), Error> {
        self.view().with_pages(pages, visit)
    }

    pub(super) fn with_page(&self, page: PageId, visit: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.with_pages(&[page], &mut |_, bytes| visit(bytes))
    }

    pub(super) fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.read(page, offset, buffer),
            Self::Past(past) => past.read(page, offset, buffer).and_then(|()| Ok(past.info(page)?.epoch)),
        }
    }

    /// Returns length and last change of a live page.
    pub(super) fn life(&self, page: PageId) -> Result<(u32, Epoch), Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.life(page),
            Self::Past(past) => past.info(page).map(|info| (info.page_bytes, info.epoch)),
        }
    }

    pub(super) fn named(&self, name: &str) -> Result<Option<PageId>, Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.page(name),
            Self::Past(past) => Ok(past.page(name)),
        }
    }

    /// Returns the catalogue as of the state.
    pub(super) fn names(&self) -> Result<Names, Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.names(),
            Self::Past(past) => Ok(past.heading().names.clone()),
        }
    }

    /// Returns the graph as of the state.
    pub(super) fn graph(&self) -> Result<GraphState, Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.graph_state(),
            Self::Past(past) => Ok(past.heading().graph.clone()),
        }
    }

    pub(super) fn view(&self) -> &dyn View {
        match self {
            Self::Snapshot(snapshot) => snapshot,
            Self::Past(past) => past,
        }
    }
}
