//! A change to one page as a value.
//!
//! A delta is a partial map from offsets to bytes. Its runs are maximal: they rise, are never empty
//! and never touch, so that equal maps have equal runs. How a change is stored best is not its
//! matter but `choose`'s.
//!
//! Invariant: `runs` rises, and between two runs lies at least one byte that is not in the map; each
//! run's bytes, with its room before and after, lie in `arena` and belong to no other run.

mod overwrite;

use std::{collections::VecDeque, fmt};

use mmsb_types::Span;

use crate::{Misfit, Patch};

/// A change to one page: which bytes become what. The default is the identity, which changes none.
#[derive(Clone, Default)]
pub struct Delta {
    /// Runs by rising offset; a deque, so that runs before all others come as cheaply as behind.
    runs: VecDeque<Run>,
    /// The runs' bytes in the order they came, with room between them and bytes nobody owns any more.
    arena: Vec<u8>,
    /// The runs' lengths together.
    bytes_changed: usize,
}

/// One maximal run and where its bytes are.
#[derive(Clone, Copy)]
struct Run {
    span: Span,
    /// Index of its first byte in the arena.
    at: usize,
    /// Unused arena bytes before `at` that are kept for this run.
    room_before: u32,
    /// Unused arena bytes behind the run that are kept for it.
    room_after: u32,
}

impl Delta {
    /// Makes an empty delta with room for so many runs and bytes.
    #[must_use]
    pub fn with_capacity(run_count: usize, byte_count: usize) -> Self {
        Self {
            runs: VecDeque::with_capacity(run_count),
            arena: Vec::with_capacity(byte_count),
            bytes_changed: 0,
        }
    }

    /// Tells whether the delta is the identity.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Returns how many maximal runs there are.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Returns how many bytes the delta writes.
    #[must_use]
    pub fn bytes_changed(&self) -> usize {
        self.bytes_changed
    }

    /// Returns the runs by rising offset; they are never empty and never touch.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = Span> + Clone + '_ {
        self.runs.iter().map(|run| run.span)
    }

    /// Returns the runs with their bytes, by rising offset.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = (Span, &[u8])> + Clone + '_ {
        self.runs.iter().map(|run| (run.span, &self.arena[run.place()]))
    }

    /// Returns one patch of form bytes for each run, by rising offset.
    pub fn patches(&self) -> impl ExactSizeIterator<Item = Patch<'_>> + Clone + '_ {
        self.runs().map(|(span, bytes)| Patch::Bytes { offset: span.offset, bytes })
    }

    /// Returns the least span that holds every run; empty at 0 for the identity.
    #[must_use]
    pub fn hull(&self) -> Span {
        match (self.runs.front(), self.runs.back()) {
            (Some(first), Some(last)) => hull(first.span, last.span),
            _ => Span::new(0, 0),
        }
    }

    /// Tells whether the delta fits a page of `page_bytes`.
    ///
    /// # Errors
    /// A run passes the page's end; the last one is named.
    pub fn fits(&self, page_bytes: u32) -> Result<(), Misfit> {
        match self.runs.back() {
            Some(run) if !run.span.fits(page_bytes) => {
                Err(Misfit::OutOfBounds { span: run.span, page_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Writes those bytes of the delta over `window` that fall into it; `offset` is where in the page
    /// the window begins. This is how a transaction sees its own writes.
    ///
    /// # Cost
    /// O(log runs + bytes copied).
    pub fn read_over(&self, offset: u32, window: &mut [u8]) {
        let start = u64::from(offset);
        let end = start + window.len() as u64;
        let first = self.runs.partition_point(|run| run.span.end() <= start);
        for run in self.runs.range(first..) {
            let base = u64::from(run.span.offset);
            if base >= end {
                break;
            }
            let (from, until) = (base.max(start), run.span.end().min(end));
            let bytes = &self.arena[run.place()][(from - base) as usize..(until - base) as usize];
            window[(from - start) as usize..(until - start) as usize].copy_from_slice(bytes);
        }
    }

    /// Makes the delta the identity again; its memory is kept.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.arena.clear();
        self.bytes_changed = 0;
    }
}

impl Run {
    /// Where the run's bytes are in the arena.
    fn place(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.span.len as usize
    }
}

impl PartialEq for Delta {
    fn eq(&self, other: &Self) -> bool {
        self.runs().eq(other.runs())
    }
}

impl Eq for Delta {}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.runs()).finish()
    }
}

/// The least span that holds both.
fn hull(one: Span, other: Span) -> Span {
    let offset = one.offset.min(other.offset);
    let end = one.end().max(other.end());
    Span::new(offset, (end - u64::from(offset)) as u32)
}
