//! The functions that this process was given, found by page and, for waves, by the page's slot in the graph.
//!
//! Invariant: a node stands in the slot of a page exactly while the page's registration is the one that its function
//! was given for. A function stays known when its registration goes, for a rewind may bring that back.

use std::{collections::BTreeMap, sync::Arc};

use mmsb_graph::Graph;
use mmsb_page::PageStore;
use mmsb_types::{PageId, Registration};
use smallvec::SmallVec;

use super::desk::Desk;
use crate::{Error, derive::Function};

/// Functions of one page that are kept: of its registration, and of those before it.
const KNOWN_MAX: usize = 4;

/// The functions.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    /// Of each page, the newest last.
    known: BTreeMap<PageId, Vec<Known>>,
    nodes: Vec<Option<Node>>,
}

/// A function and what it was given for.
#[derive(Debug)]
pub(crate) struct Known {
    registration: Arc<Registration>,
    function: Function,
}

/// A page that can be computed, as waves need it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) page: PageId,
    pub(crate) function: Function,
    /// The slots of its inputs, in the function's order.
    pub(crate) slots: SmallVec<[u32; 4]>,
    pub(crate) inputs: Arc<Registration>,
}

impl Functions {
    /// Gives a page a function, and returns the one that goes for it, with its place: dropping it runs the user's
    /// code.
    pub(crate) fn give(
        &mut self,
        page: PageId,
        registration: Arc<Registration>,
        function: Function,
    ) -> Option<(usize, Known)> {
        let known = self.known.entry(page).or_default();
        let same = known.iter().position(|known| known.registration == registration);
        let gone = same.or((known.len() == KNOWN_MAX).then_some(0));
        let gone = gone.map(|at| (at, known.remove(at)));
        known.push(Known { registration, function });
        gone
    }

    /// Undoes the last [`Functions::give`] to this page; returns what it gave.
    pub(crate) fn give_back(&mut self, page: PageId, gone: Option<(usize, Known)>) -> Option<Known> {
        // A page that has left the graph with what was refused has no slot to find its node by.
        self.nodes.iter_mut().for_each(|node| drop(node.take_if(|node| node.page == page)));
        let known = self.known.get_mut(&page)?;
        let given = known.pop();
        if let Some((at, gone)) = gone {
            known.insert(at, gone);
        }
        given
    }

    /// Puts the page's node where its registration, if it has one, and the graph say.
    pub(crate) fn place(&mut self, page: PageId, registration: Option<&Arc<Registration>>, graph: &Graph) {
        let Some(slot) = graph.slot(page) else { return };
        let index = slot as usize;
        if self.nodes.len() <= index {
            self.nodes.resize_with(graph.slot_bound().max(index + 1), || None);
        }
        self.nodes[index] = registration.and_then(|registration| self.make(page, registration, graph));
    }

    /// Returns the page's node, if its function is here.
    #[inline]
    pub(crate) fn node(&self, slot: u32, page: PageId) -> Option<&Node> {
        // The slot may have been another page's, which left the graph.
        self.nodes.get(slot as usize)?.as_ref().filter(|node| node.page == page)
    }

    /// Tells whether the page has a node.
    pub(crate) fn is_here(&self, page: PageId, graph: &Graph) -> bool {
        graph.slot(page).is_some_and(|slot| self.node(slot, page).is_some())
    }

    fn make(&self, page: PageId, registration: &Arc<Registration>, graph: &Graph) -> Option<Node> {
        let known = self.known.get(&page)?.iter().find(|known| known.registration == *registration)?;
        let slots = registration.inputs.iter().map(|&input| graph.slot(input)).collect::<Option<_>>()?;
        let inputs = Arc::clone(registration);
        Some(Node { page, function: known.function.clone(), slots, inputs })
    }
}

impl Node {
    /// Sees to it that the page and its inputs are on the desk.
    ///
    /// # Errors
    /// [`Error::Conflict`]: one of them is gone.
    #[inline]
    pub(crate) fn load(&self, slot: u32, desk: &mut Desk, store: &PageStore) -> Result<(), Error> {
        // What is known to be there takes no look at the list of pages, which stands elsewhere.
        if !self.slots.iter().all(|&slot| desk.renew(slot)) {
            for (&slot, &input) in self.slots.iter().zip(&self.inputs.inputs) {
                desk.load(store, slot, input)?;
            }
        }
        desk.load(store, slot, self.page)
    }
}
