//! A wave's work, page by page: inputs from the desk, the function, the comparison.

use mmsb_graph::{Outcome, Recompute, Step};
use mmsb_page::PageStore;
use mmsb_types::PageId;

use super::{compute::compute, desk::Desk, functions::Functions};
use crate::{Error, graph::GraphState};

/// What a wave computes with.
pub(super) struct Run<'r> {
    pub(super) store: &'r PageStore,
    pub(super) state: &'r GraphState,
    pub(super) functions: &'r Functions,
    pub(super) desk: &'r mut Desk,
    /// The only pages to be computed, if not all are; others wait.
    pub(super) wanted: Option<&'r [PageId]>,
    /// Derived pages that were not computed: they wait, or their functions are not here.
    pub(super) left: Vec<PageId>,
    /// The output of the page under way.
    pub(super) made: Vec<u8>,
}

impl Recompute for Run<'_> {
    type Error = Error;

    fn recompute(&mut self, step: &Step<'_>) -> Result<Outcome, Error> {
        let is_wanted = self.wanted.is_none_or(|wanted| wanted.contains(&step.page));
        let Some(node) = self.functions.node(step.slot, step.page).filter(|_| is_wanted) else {
            if self.state.registration(step.page).is_some() {
                self.left.push(step.page);
            }
            return Ok(Outcome::Equal);
        };
        node.load(step.slot, self.desk, self.store)?;
        self.made.resize(self.desk.bytes(step.slot).len(), 0);
        let made = &mut self.made;
        self.desk.with_inputs(&node.slots, |inputs| compute(step.page, &node.function, inputs, made))?;
        let is_changed = self.desk.replace(step.slot, &self.made);
        Ok(if is_changed { Outcome::Changed } else { Outcome::Equal })
    }
}
