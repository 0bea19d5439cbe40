//! A wave's work, page by page: inputs from the desk, the function, the comparison.

use mmsb_graph::{Outcome, Recompute, RecomputeShared, Step};
use mmsb_page::PageStore;
use mmsb_types::PageId;

use super::{
    compute::compute,
    desk::Desk,
    functions::{Functions, Node},
    patches::Patches,
};
use crate::{Error, graph::GraphState};

/// What a wave computes with.
pub(super) struct Run<'r> {
    pub(super) store: &'r PageStore,
    pub(super) state: &'r GraphState,
    pub(super) functions: &'r Functions,
    pub(super) desk: &'r mut Desk,
    /// Where changes are noted, if somebody wants them.
    pub(super) patches: Option<&'r mut Patches>,
    /// The only pages to be computed, if not all are; others wait.
    pub(super) wanted: Option<&'r [PageId]>,
    /// Derived pages that were not computed: they wait, or their functions are not here.
    pub(super) left: Vec<PageId>,
    /// The output of the page under way.
    pub(super) made: Vec<u8>,
}

impl<'r> Run<'r> {
    /// Returns how the page is computed, if it is to be, and its function is here.
    #[inline]
    fn node(&self, step: &Step) -> Option<&'r Node> {
        let is_wanted = self.wanted.is_none_or(|wanted| wanted.contains(&step.page));
        self.functions.node(step.slot, step.page).filter(|_| is_wanted)
    }

    /// Takes what was made of a page.
    #[inline]
    fn take(&mut self, step: &Step, made: &[u8]) -> Outcome {
        let old = self.desk.bytes(step.slot);
        if old == made {
            return Outcome::Equal;
        }
        if let Some(patches) = &mut self.patches {
            patches.note(step.page, old, made);
        }
        self.desk.put(step.slot, made);
        Outcome::Changed
    }

    #[cold]
    fn leave(&mut self, page: PageId) -> Outcome {
        if self.state.registration(page).is_some() {
            self.left.push(page);
        }
        Outcome::Equal
    }
}

impl Recompute for Run<'_> {
    type Error = Error;

    fn recompute(&mut self, step: &Step) -> Result<Outcome, Error> {
        let Some(node) = self.node(step) else { return Ok(self.leave(step.page)) };
        node.load(step.slot, self.desk, self.store)?;
        self.made.resize(self.desk.bytes(step.slot).len(), 0);
        let made = &mut self.made;
        self.desk.with_inputs(&node.slots, |inputs| compute(step.page, &node.function, inputs, made))?;
        let made = std::mem::take(&mut self.made);
        let outcome = self.take(step, &made);
        self.made = made;
        Ok(outcome)
    }
}

impl RecomputeShared for Run<'_> {
    /// None for a page that is left.
    type Made = Option<Vec<u8>>;

    fn prepare(&mut self, step: &Step) -> Result<(), Error> {
        self.node(step).map_or(Ok(()), |node| node.load(step.slot, self.desk, self.store))
    }

    fn compute(&self, step: &Step) -> Result<Option<Vec<u8>>, Error> {
        let Some(node) = self.node(step) else { return Ok(None) };
        let mut made = vec![0; self.desk.bytes(step.slot).len()];
        self.desk.with_inputs(&node.slots, |inputs| compute(step.page, &node.function, inputs, &mut made))?;
        Ok(Some(made))
    }

    fn finish(&mut self, step: &Step, made: Option<Vec<u8>>) -> Outcome {
        match made {
            Some(made) => self.take(step, &made),
            None => self.leave(step.page),
        }
    }
}
