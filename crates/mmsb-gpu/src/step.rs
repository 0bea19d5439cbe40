//! What one submission does, as its caller says it.

use crate::{Formula, PageHandle, Plan};

/// One step of a submission. Steps are done in order, each as if at one moment.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// All bytes of these pages become zero.
    Zero(&'a [PageHandle]),
    /// Each first page's bytes become the second's; both are equally long, and no page is written twice or read too.
    Copy(&'a [(PageHandle, PageHandle)]),
    /// A page's bytes become these; they are exactly as long.
    Write(PageHandle, &'a [u8]),
    /// Each page's bytes become these; no page comes twice.
    WriteAll(&'a [(PageHandle, &'a [u8])]),
    /// Those of the bytes are written over the page that the mask names.
    Merge {
        /// The page.
        page: PageHandle,
        /// One bit for each byte of the page, from the lowest bit of the first byte on.
        mask: &'a [u8],
        /// As many bytes as the page has.
        bytes: &'a [u8],
    },
    /// What a plan says.
    Apply(&'a Plan),
    /// One level of pages computed from pages: no output is another's output or input.
    Propagate(Combine, &'a [Job<'a>]),
    /// One level of pages computed by a formula: no output is another's output or input. Each one's inputs lie in one
    /// slab, as pages created together do.
    Compute(Formula, &'a [Computed<'a>]),
}

/// How integers of four bytes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Combine {
    /// Bits in an odd number of them.
    Xor = 0,
    /// Their sum, modulo 2^32.
    Add = 1,
    /// The least of them, without sign.
    Min = 2,
    /// The greatest of them, without sign.
    Max = 3,
    /// The sum of each times its input's factor, modulo 2^32.
    Axpy = 4,
}

/// One page computed from pages that are as long, integer by integer.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is written. Without inputs, nothing is.
    pub output: PageHandle,
    /// What it is computed from, each with its factor; only [`Combine::Axpy`] looks at factors.
    pub inputs: &'a [(PageHandle, u32)],
    /// The output's integers, as they are, are an input of factor 1 too.
    pub keep: bool,
}

/// One page computed by a formula.
#[derive(Clone, Copy, Debug)]
pub struct Computed<'a> {
    /// What is written, all of it.
    pub output: PageHandle,
    /// What it is computed from, of any lengths.
    pub inputs: &'a [PageHandle],
}

impl Combine {
    /// Returns what integers of no input combine to.
    #[must_use]
    pub const fn identity(self) -> u32 {
        if matches!(self, Self::Min) { u32::MAX } else { 0 }
    }

    /// Returns what an integer becomes with an input's integer.
    #[inline]
    #[must_use]
    pub fn fold(self, sum: u32, value: u32, factor: u32) -> u32 {
        match self {
            Self::Xor => sum ^ value,
            Self::Add => sum.wrapping_add(value),
            Self::Min => sum.min(value),
            Self::Max => sum.max(value),
            Self::Axpy => sum.wrapping_add(value.wrapping_mul(factor)),
        }
    }
}
