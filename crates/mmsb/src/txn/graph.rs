//! Changing the dependency graph through a transaction.

use mmsb_types::{Edge, EdgeKind, GraphEvent, PageId};

use super::Transaction;
use crate::{Error, graph::GraphEdit};

impl Transaction<'_> {
    /// Makes `target` depend on `source`. An edge of this kind that is there already stays as it is.
    ///
    /// The commit is alone for a moment: it changes who depends on whom. What closes a cycle is told by it.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn link(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> Result<(), Error> {
        self.touch(source)?;
        self.touch(target)?;
        self.push_graph(GraphEvent::EdgeAdded(Edge { source, target, kind }))
    }

    /// Takes an edge away. One that is not there is told by the commit.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub fn unlink(&mut self, source: PageId, target: PageId, kind: EdgeKind) -> Result<(), Error> {
        self.touch(source)?;
        self.touch(target)?;
        self.push_graph(GraphEvent::EdgeRemoved(Edge { source, target, kind }))
    }

    /// Asks for a change of the graph; see [`plan`](crate::graph::plan) for what becomes of it.
    ///
    /// # Errors
    /// As [`Transaction::make_detail`].
    pub(crate) fn push_graph(&mut self, edit: GraphEvent) -> Result<(), Error> {
        self.make_detail()?.edits.push(GraphEdit::Event(edit));
        Ok(())
    }
}
