//! One dependency: which page, on which, and why.

use std::cmp::Ordering;

use mmsb_types::{EdgeKind, PageId};

/// A dependency of `target` on `source`. Edges are ordered by source, target and the kind's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// What is depended on.
    pub source: PageId,
    /// What depends on it.
    pub target: PageId,
    /// Why.
    pub kind: EdgeKind,
}

impl Edge {
    /// Makes the edge.
    #[must_use]
    pub const fn new(source: PageId, target: PageId, kind: EdgeKind) -> Self {
        Self { source, target, kind }
    }

    const fn key(&self) -> (PageId, PageId, u8) {
        (self.source, self.target, self.kind as u8)
    }
}

impl Ord for Edge {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Tells whether a change of the source recomputes the target.
pub const fn propagates(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Data | EdgeKind::Compiler)
}
