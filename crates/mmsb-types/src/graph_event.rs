//! Changes of the dependency graph as bytes: what a log section of graph events holds.
//!
//! One event is 16 bytes, little-endian: kind u8, edge kind u8, name bytes u16, version u32, page id u64. Behind
//! that, an edge has its target u64; a registration has its input count u64, the inputs u64 each, and its name,
//! padded with zeros to 8.
//!
//! Invariant: an event has one encoding, so what was read is written as the same bytes.

mod decode;
mod encode;

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use crate::{Edge, EventError, PageId, Registration};

/// A change of the dependency graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphEvent {
    /// A dependency was added.
    EdgeAdded(Edge),
    /// A dependency was removed.
    EdgeRemoved(Edge),
    /// A page became a derived one: a data edge from each distinct input came with it.
    Derived {
        /// Which page.
        page: PageId,
        /// By what, from what.
        registration: Arc<Registration>,
    },
    /// A page is derived no more: the data edges from its inputs went with that.
    Underived {
        /// Which page.
        page: PageId,
    },
    /// What the page depends on changed, and it was not recomputed.
    Stale {
        /// Which page.
        page: PageId,
    },
    /// The page is stale no more.
    Fresh {
        /// Which page.
        page: PageId,
    },
}

impl GraphEvent {
    /// Returns the page that changes: an edge's target.
    #[must_use]
    pub const fn page(&self) -> PageId {
        match self {
            Self::EdgeAdded(edge) | Self::EdgeRemoved(edge) => edge.target,
            Self::Derived { page, .. }
            | Self::Underived { page }
            | Self::Stale { page }
            | Self::Fresh { page } => *page,
        }
    }

    /// Visits the pages that the event newly brings into the graph, and that must therefore live.
    pub fn joining(&self) -> impl Iterator<Item = PageId> + '_ {
        let (pages, inputs): (_, &[PageId]) = match self {
            Self::EdgeAdded(edge) => ([Some(edge.source), Some(edge.target)], &[]),
            Self::Derived { page, registration } => ([Some(*page), None], &registration.inputs),
            _ => ([None, None], &[]),
        };
        pages.into_iter().flatten().chain(inputs.iter().copied())
    }

    /// Appends the event's bytes to `out`.
    ///
    /// # Panics
    /// If a registration passes the limits of its name or its inputs.
    pub fn encode(&self, out: &mut Vec<u8>) {
        encode::event(self, out);
    }

    /// Reads a whole section of events.
    ///
    /// # Errors
    /// [`EventError`] at the first event that is cut short, unknown or out of limits.
    ///
    /// # Cost
    /// O(bytes); takes no more memory than a few times the section's.
    pub fn decode_all(section: &[u8]) -> Result<Vec<Self>, EventError> {
        let mut events = Vec::new();
        let mut rest = section;
        while !rest.is_empty() {
            let offset = section.len() - rest.len();
            let fault = |what| EventError { of: "graph event", offset, what };
            let (event, behind) = decode::event(rest).map_err(fault)?;
            events.push(event);
            rest = behind;
        }
        Ok(events)
    }
}

impl fmt::Display for GraphEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EdgeAdded(edge) => write!(f, "edge {edge} added"),
            Self::EdgeRemoved(edge) => write!(f, "edge {edge} removed"),
            Self::Derived { page, registration } => write!(f, "{page} derived by {registration}"),
            Self::Underived { page } => write!(f, "{page} derived no more"),
            Self::Stale { page } => write!(f, "{page} stale"),
            Self::Fresh { page } => write!(f, "{page} fresh"),
        }
    }
}
