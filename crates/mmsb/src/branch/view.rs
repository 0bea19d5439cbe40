//! A branch's state as it stood at one of its commits, to be looked at and compared.

use std::fmt;

use mmsb_types::{Epoch, Label, PageId};

use super::{
    Base, Branch,
    layer::{Layer, Owner},
};
use crate::{
    Error, GraphView, PageInfo, ToView, View,
    lineage::{Lineage, Lined},
};

/// A branch's state as of one of its commits. It never changes, whatever becomes of the branch.
#[derive(Clone)]
pub struct BranchView {
    base: Base,
    layer: Layer,
    lineage: Lineage,
}

impl fmt::Debug for BranchView {
    /// A line, not the pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BranchView({} over {})", self.layer.epoch, self.base.epoch())
    }
}

impl ToView for Branch {
    type View<'a> = BranchView;

    /// The newest state.
    fn to_view(&self) -> Result<BranchView, Error> {
        let (base, lineage) = (self.inner.base.clone(), self.inner.lineage.clone());
        Ok(BranchView { base, layer: self.state().layer.clone(), lineage })
    }
}

impl Lined for BranchView {
    fn lineage(&self) -> &Lineage {
        &self.lineage
    }
}

impl View for BranchView {
    fn epoch(&self) -> Epoch {
        self.layer.epoch
    }

    fn label(&self) -> Result<Option<Label>, Error> {
        if self.layer.epoch > self.base.epoch() { Ok(self.layer.label) } else { self.base.label() }
    }

    fn pages(&self) -> Result<Vec<PageInfo>, Error> {
        self.layer.list(&self.base)
    }

    fn graph(&self) -> Result<GraphView, Error> {
        let (graph, names) = (self.layer.graph(&self.base)?, self.layer.all_names(&self.base)?);
        Ok(GraphView::new(self.layer.epoch, graph, names))
    }

    fn with_pages(&self, pages: &[PageId], visit: &mut dyn FnMut(PageId, &[u8])) -> Result<(), Error> {
        // Stretches of the base's pages are asked for at once: perhaps they must be read from a log.
        for stretch in pages.chunk_by(|&left, &right| self.is_base(left) && self.is_base(right)) {
            if self.is_base(stretch[0]) {
                let read = self.base.with_pages(stretch, visit);
                read.map_err(|error| self.layer.as_of(error))?;
                continue;
            }
            for &page in stretch {
                let Owner::Own(own) = self.layer.owner(page) else { return Err(self.layer.missing(page)) };
                visit(page, &own.bytes);
            }
        }
        Ok(())
    }
}

impl BranchView {
    fn is_base(&self, page: PageId) -> bool {
        matches!(self.layer.owner(page), Owner::Base)
    }
}
