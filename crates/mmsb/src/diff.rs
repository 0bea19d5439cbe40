//! Comparing two states, down to the byte.

mod graph;
mod report;
mod runs;
mod states;

use std::sync::Arc;

use mmsb_delta::diff_runs;
use mmsb_types::{Epoch, PageId, Span};

use crate::state::{State, StatePage};

pub(crate) use self::graph::diff_graphs;
pub(crate) use self::report::write_label;
pub use self::{
    graph::GraphDifference,
    report::{Divergence, RunDiff, Side},
    runs::{Align, compare_runs},
    states::diff,
};

/// How two states differ. `Display` prints one line a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The left state's epoch.
    pub left: Epoch,
    /// The right state's epoch.
    pub right: Epoch,
    /// The pages that differ, by rising id.
    pub pages: Vec<PageDiff>,
    /// How the graphs differ: edges, registrations, stale flags.
    pub graph: Vec<GraphDifference>,
}

/// How one page differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageDiff {
    /// Which page.
    pub page: PageId,
    /// Its name, on the left if it has one there.
    pub name: Option<Arc<str>>,
    /// What differs.
    pub what: PageDifference,
}

/// What differs about a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageDifference {
    /// Only the left state has it.
    OnlyLeft {
        /// Its length, in bytes.
        page_bytes: u32,
    },
    /// Only the right state has it.
    OnlyRight {
        /// Its length, in bytes.
        page_bytes: u32,
    },
    /// The lengths differ.
    Length {
        /// Bytes on the left.
        left: u32,
        /// Bytes on the right.
        right: u32,
    },
    /// The bytes differ; perhaps the name, too.
    Bytes {
        /// Where, and what stands there.
        runs: Vec<ByteRun>,
        /// The commit that changed the page last, on the left.
        left_epoch: Epoch,
        /// The commit that changed the page last, on the right.
        right_epoch: Epoch,
    },
    /// Only the names differ.
    Name {
        /// The name on the right.
        right: Option<Arc<str>>,
    },
}

/// A run of bytes that differ: both sides of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRun {
    /// First byte, from the page's start.
    pub offset: u32,
    /// Left, or before.
    pub old: Vec<u8>,
    /// Right, or after.
    pub new: Vec<u8>,
}

impl Diff {
    /// Tells whether the states are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.graph.is_empty()
    }
}

/// Compares one page of two states.
pub(crate) fn diff_page(page: PageId, left: &State, right: &State) -> Option<PageDiff> {
    let names = (left.name(page), right.name(page));
    let what = match (left.page(page), right.page(page)) {
        (None, None) => return None,
        (Some(left), None) => PageDifference::OnlyLeft { page_bytes: left.bytes.len() as u32 },
        (None, Some(right)) => PageDifference::OnlyRight { page_bytes: right.bytes.len() as u32 },
        (Some(left), Some(right)) => match diff_bytes(left, right) {
            None if names.0 != names.1 => PageDifference::Name { right: names.1.cloned() },
            what => what?,
        },
    };
    Some(PageDiff { page, name: names.0.or(names.1).cloned(), what })
}

fn diff_bytes(left: &StatePage, right: &StatePage) -> Option<PageDifference> {
    if left.bytes.len() != right.bytes.len() {
        let (left, right) = (left.bytes.len() as u32, right.bytes.len() as u32);
        return Some(PageDifference::Length { left, right });
    }
    if *left.bytes != *right.bytes {
        let runs = byte_runs(&left.bytes, &right.bytes);
        return Some(PageDifference::Bytes { runs, left_epoch: left.epoch, right_epoch: right.epoch });
    }
    None
}

/// Returns the maximal runs in which two images differ, equal bytes never among them.
pub(crate) fn byte_runs(old: &[u8], new: &[u8]) -> Vec<ByteRun> {
    let mut joined = Vec::new();
    diff_runs(old, new, &mut joined);
    let mut runs = Vec::new();
    for span in joined {
        split_equal(old, new, span, &mut runs);
    }
    runs
}

/// Deltas join runs over short gaps, to save entries; for people, only bytes that differ count.
fn split_equal(old: &[u8], new: &[u8], span: Span, runs: &mut Vec<ByteRun>) {
    let differs = |at: &usize| old[*at] != new[*at];
    let mut at = span.range().start;
    while let Some(start) = (at..span.range().end).find(differs) {
        let end = (start..span.range().end).find(|at| !differs(at)).unwrap_or(span.range().end);
        let (old, new) = (old[start..end].to_vec(), new[start..end].to_vec());
        runs.push(ByteRun { offset: start as u32, old, new });
        at = end;
    }
}
