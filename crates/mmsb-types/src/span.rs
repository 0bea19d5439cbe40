//! A range of bytes inside one page.

use core::{fmt, ops::Range};

/// A range of bytes inside one page: `offset` is counted from the page's start, `len` in bytes.
///
/// A span may be empty and may lie past a page's end; [`Span::fits`] tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, from the page's start.
    pub offset: u32,
    /// How many bytes.
    pub len: u32,
}

impl Span {
    /// Makes the span of `len` bytes from `offset`.
    #[must_use]
    pub const fn new(offset: u32, len: u32) -> Self {
        Self { offset, len }
    }

    /// Returns the byte after the last one; `u64`, so that no span overflows it.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.offset as u64 + self.len as u64
    }

    /// Tells whether the span lies wholly inside a page of `page_bytes`.
    #[must_use]
    pub const fn fits(self, page_bytes: u32) -> bool {
        self.end() <= page_bytes as u64
    }

    /// Returns the span as an index range for a slice.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.offset as usize..self.end() as usize
    }

    /// Tells whether the two spans share a byte.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        (self.offset as u64) < other.end() && (other.offset as u64) < self.end()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.offset, self.len)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
