//! Dependencies between pages: edges and their kinds, and what a derived page is made of.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::PageId;

/// Why one page depends on another, and so what a change of the source asks of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EdgeKind {
    /// The target's bytes are computed from the source's.
    Data = 0,
    /// A change marks the target stale and computes nothing.
    Control = 1,
    /// A change asks the source's mirrors to refresh.
    GpuSync = 2,
    /// As `Data`, made by a compiler's own dependency tracking.
    Compiler = 3,
}

impl EdgeKind {
    /// Returns the kind with this stored number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Data),
            1 => Some(Self::Control),
            2 => Some(Self::GpuSync),
            3 => Some(Self::Compiler),
            _ => None,
        }
    }

    /// Returns the kind's name in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Control => "control",
            Self::GpuSync => "gpu-sync",
            Self::Compiler => "compiler",
        }
    }
}

/// One dependency. Several kinds may stand between one pair of pages. Edges sort by source, target, kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The page that is depended on.
    pub source: PageId,
    /// The page that depends on it.
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
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} ({})", self.source, self.target, self.kind.name())
    }
}

/// What a derived page is computed by, and from what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registration {
    /// The function's name, at most [`TEXT_BYTES_MAX`](crate::limits::TEXT_BYTES_MAX) bytes; may be empty.
    pub name: String,
    /// The function's version: another one computes other bytes.
    pub version: u32,
    /// The inputs in the function's order, 1 to [`INPUT_COUNT_MAX`](crate::limits::INPUT_COUNT_MAX); a page may
    /// come more than once.
    pub inputs: Vec<PageId>,
}

impl Registration {
    /// Returns the distinct inputs, by rising id.
    #[must_use]
    pub fn sources(&self) -> Vec<PageId> {
        let mut sources = self.inputs.clone();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} version {} from ", self.name, self.version)?;
        self.inputs.iter().enumerate().try_for_each(|(at, input)| {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{input}")
        })
    }
}
