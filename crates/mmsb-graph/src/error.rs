//! Why an edge is refused.

use std::fmt;

use mmsb_types::PageId;

/// Why a graph cannot take an edge. The graph is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The edge would close a cycle: no order would serve all of its pages.
    #[error("edge {} closes the cycle {}", EdgeOf(.pages), CycleOf(.pages))]
    Cycle {
        /// The cycle's pages along its edges, from the refused edge's source and its target on; the way back to
        /// the first is left out. One page alone depends on itself.
        pages: Vec<PageId>,
    },
    /// An edge may bring two pages, and the graph has no room for them.
    #[error("no room for an edge's pages in a graph of at most {limit}")]
    Full {
        /// How many pages the graph takes.
        limit: usize,
    },
}

/// Why there are no workers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkersError {
    /// The system has no thread to spare.
    #[error("starting {count} workers for waves")]
    Start {
        /// How many were asked for.
        count: usize,
        /// What the system said.
        source: rayon_core::ThreadPoolBuildError,
    },
}

struct EdgeOf<'a>(&'a [PageId]);

struct CycleOf<'a>(&'a [PageId]);

/// Pages of a long cycle that an error's text names at each end.
const SHOWN: usize = 8;

impl fmt::Display for EdgeOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("of no page"),
            [only] => write!(f, "{only} -> {only}"),
            [source, target, ..] => write!(f, "{source} -> {target}"),
        }
    }
}

impl fmt::Display for CycleOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.0;
        if pages.len() <= 2 * SHOWN {
            write_way(f, pages)?;
        } else {
            write_way(f, &pages[..SHOWN])?;
            write!(f, "({} more) -> ", pages.len() - 2 * SHOWN)?;
            write_way(f, &pages[pages.len() - SHOWN..])?;
        }
        pages.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

fn write_way(f: &mut fmt::Formatter<'_>, pages: &[PageId]) -> fmt::Result {
    pages.iter().try_for_each(|page| write!(f, "{page} -> "))
}
