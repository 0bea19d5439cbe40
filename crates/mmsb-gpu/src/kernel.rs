//! The kernels: their names, their sources, and what makes variants of one source.

use crate::{Combine, Formula};

/// A kernel's file with what kernels share behind it: so lines keep their numbers.
macro_rules! source {
    ($name:literal) => {
        concat!(
            include_str!(concat!("../shaders/", $name, ".wgsl")),
            "\n",
            include_str!("../shaders/common.wgsl")
        )
    };
}

/// One kernel. Two may be variants of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kernel {
    /// Makes pages zero.
    PageZero,
    /// Copies pages to pages.
    PageCopy,
    /// Copies bytes of the batch to pages.
    PageWrite,
    /// Writes those bytes of the batch over a page that a mask names.
    DeltaMerge,
    /// Does word ops.
    SparseDeltaApply,
    /// Compares pages.
    PageCompare,
    /// Counts the words of each tile that differ.
    SnapshotDiffCount,
    /// Writes down the words that differ.
    SnapshotDiffEmit,
    /// Sums mixed words.
    PageFingerprint,
    /// Hashes chunks of 1024 bytes as BLAKE3 does.
    PageBlake3Chunks,
    /// Joins chunks' hashes to one of a page.
    PageBlake3Roots,
    /// Computes pages from pages, integer by integer.
    Propagate(Combine),
    /// Computes pages from pages, as a user says. Its source is the head of it only.
    Formula(Formula),
}

impl Kernel {
    /// All kernels but formulas.
    pub const ALL: [Self; 16] = [
        Self::PageZero,
        Self::PageCopy,
        Self::PageWrite,
        Self::DeltaMerge,
        Self::SparseDeltaApply,
        Self::PageCompare,
        Self::SnapshotDiffCount,
        Self::SnapshotDiffEmit,
        Self::PageFingerprint,
        Self::PageBlake3Chunks,
        Self::PageBlake3Roots,
        Self::Propagate(Combine::Xor),
        Self::Propagate(Combine::Add),
        Self::Propagate(Combine::Min),
        Self::Propagate(Combine::Max),
        Self::Propagate(Combine::Axpy),
    ];

    /// Returns the name of its source, in `shaders`.
    #[must_use]
    pub const fn source_name(self) -> &'static str {
        match self {
            Self::PageZero => "page_zero",
            Self::PageCopy | Self::PageWrite => "page_copy",
            Self::DeltaMerge => "delta_merge",
            Self::SparseDeltaApply => "sparse_delta_apply",
            Self::PageCompare => "page_compare",
            Self::SnapshotDiffCount | Self::SnapshotDiffEmit => "snapshot_diff",
            Self::PageFingerprint => "page_fingerprint",
            Self::PageBlake3Chunks | Self::PageBlake3Roots => "page_blake3",
            Self::Propagate(_) => "propagate",
            Self::Formula(_) => "formula",
        }
    }

    /// Returns its source, in WGSL: its file, and behind it what kernels share.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::PageZero => source!("page_zero"),
            Self::PageCopy | Self::PageWrite => source!("page_copy"),
            Self::DeltaMerge => source!("delta_merge"),
            Self::SparseDeltaApply => source!("sparse_delta_apply"),
            Self::PageCompare => source!("page_compare"),
            Self::SnapshotDiffCount | Self::SnapshotDiffEmit => source!("snapshot_diff"),
            Self::PageFingerprint => source!("page_fingerprint"),
            Self::PageBlake3Chunks | Self::PageBlake3Roots => source!("page_blake3"),
            Self::Propagate(_) => source!("propagate"),
            Self::Formula(_) => include_str!("../shaders/formula.wgsl"),
        }
    }

    /// Returns the name of its entry point.
    #[must_use]
    pub const fn entry(self) -> &'static str {
        match self {
            Self::SnapshotDiffCount => "count",
            Self::SnapshotDiffEmit => "emit",
            Self::PageBlake3Chunks => "chunks",
            Self::PageBlake3Roots => "roots",
            Self::Formula(_) => "mmsb_main",
            _ => "main",
        }
    }

    /// Returns the override constant that makes this variant, if its source has one.
    #[must_use]
    pub fn constant(self) -> Option<(&'static str, f64)> {
        match self {
            Self::PageCopy => Some(("FROM_BATCH", 0.0)),
            Self::PageWrite => Some(("FROM_BATCH", 1.0)),
            Self::Propagate(combine) => Some(("COMBINE", f64::from(combine as u8))),
            _ => None,
        }
    }

    /// Returns how many items a workgroup works on: a tile, or one item an invocation.
    #[must_use]
    pub const fn items_per_group(self) -> u32 {
        match self {
            Self::SparseDeltaApply | Self::PageBlake3Chunks | Self::PageBlake3Roots => 256,
            _ => 1,
        }
    }
}
