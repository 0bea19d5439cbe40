//! What a wave needs of one page, together: its rank, and who computes from it and from whom.

use mmsb_types::PageId;
use smallvec::SmallVec;

/// Neighbours by slot; most pages have few.
pub type Slots = SmallVec<[u32; 4]>;

/// One page of the graph in its compact form, found by slot.
///
/// Invariant: successors and predecessors are the other ends of the page's Data and Compiler edges, each once.
#[derive(Clone, Debug)]
pub struct Node {
    pub page: PageId,
    pub rank: u32,
    /// Is waiting while ranks are mended; false at rest.
    pub is_queued: bool,
    pub successors: Slots,
    pub predecessors: Slots,
}

impl Node {
    pub fn new(page: PageId) -> Self {
        let (successors, predecessors) = (Slots::new(), Slots::new());
        Self { page, rank: 0, is_queued: false, successors, predecessors }
    }
}

/// Takes one slot out of a list that holds it.
pub fn forget(slots: &mut Slots, slot: u32) {
    if let Some(index) = slots.iter().position(|&other| other == slot) {
        slots.swap_remove(index);
    }
}
