//! What a wave, and most edits, need of one page, together in one line of the cache.

use mmsb_types::{EdgeKind, PageId};
use smallvec::SmallVec;

/// Bits of a link below its slot, one for each kind.
const KIND_BITS: u32 = 4;
/// The kinds that recompute.
const RUNS: u32 = 1 << EdgeKind::Data as u32 | 1 << EdgeKind::Compiler as u32;
/// Above the bits of all kinds.
const KINDS: u32 = 1 << KIND_BITS;
/// How many slots links can name.
pub const SLOTS_MAX: usize = 1 << (u32::BITS - KIND_BITS);

/// One page of the graph in its compact form, found by slot.
///
/// Invariant: `after` and `before` are the other ends of the page's edges, each once with all kinds.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Node {
    pub page: PageId,
    pub rank: u32,
    /// Is waiting while ranks are mended; false at rest.
    pub is_queued: bool,
    /// Who depends on the page.
    pub after: Links,
    /// On whom it depends.
    pub before: Links,
}

const _: () = assert!(size_of::<Node>() == 64);

/// Neighbours on one side; most pages have few.
#[derive(Clone, Debug, Default)]
pub struct Links(SmallVec<[Link; 4]>);

/// A neighbour's slot, and the kinds of the edges between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link(u32);

impl Node {
    pub fn new(page: PageId) -> Self {
        Self { page, rank: 0, is_queued: false, after: Links::default(), before: Links::default() }
    }

    /// Tells whether the page has no edge.
    pub fn is_alone(&self) -> bool {
        self.after.0.is_empty() && self.before.0.is_empty()
    }
}

impl Link {
    /// Returns the neighbour's slot.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.0 >> KIND_BITS
    }

    /// Tells whether an edge between recomputes its target.
    #[inline]
    pub const fn runs(self) -> bool {
        self.0 & RUNS != 0
    }

    /// Tells whether an edge of this kind stands between.
    pub const fn has(self, kind: EdgeKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// Goes through the kinds of the edges between.
    pub fn kinds(self) -> impl Iterator<Item = EdgeKind> {
        let kinds = [EdgeKind::Data, EdgeKind::Control, EdgeKind::GpuSync, EdgeKind::Compiler];
        kinds.into_iter().filter(move |&kind| self.has(kind))
    }

    /// Tells whether no edge stands between.
    const fn is_empty(self) -> bool {
        self.0 & (KINDS - 1) == 0
    }
}

impl Links {
    /// Returns how many neighbours there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Goes through all neighbours.
    pub fn all(&self) -> impl Iterator<Item = Link> {
        self.0.iter().copied()
    }

    /// Returns the slot of the neighbour at this place of the list.
    pub fn at(&self, place: usize) -> u32 {
        self.0[place].slot()
    }

    /// Goes through the slots of neighbours whose edges recompute.
    #[inline]
    pub fn running(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter(|link| link.runs()).map(|link| link.slot())
    }

    /// Returns the link to a slot.
    pub fn to(&self, slot: u32) -> Option<Link> {
        self.0.iter().copied().find(|link| link.slot() == slot)
    }

    /// Adds an edge that is not there; the list is searched only if `is_linked` says that another one is.
    pub fn add(&mut self, slot: u32, kind: EdgeKind, is_linked: bool) {
        if !is_linked {
            self.0.push(Link(slot << KIND_BITS | bit(kind)));
        } else if let Some(link) = self.0.iter_mut().find(|link| link.slot() == slot) {
            link.0 |= bit(kind);
        }
    }

    /// Takes an edge away.
    pub fn remove(&mut self, slot: u32, kind: EdgeKind) {
        // Mostly the newest one goes first.
        let Some(place) = self.0.iter().rposition(|link| link.slot() == slot) else { return };
        self.0[place].0 &= !bit(kind);
        if self.0[place].is_empty() {
            self.0.swap_remove(place);
        }
    }
}

const fn bit(kind: EdgeKind) -> u32 {
    1 << kind as u32
}
