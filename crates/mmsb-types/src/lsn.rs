//! Positions in the transaction log.

use core::fmt;

/// Position of a byte in the transaction log, counted from the log's birth.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Lsn(u64);

impl Lsn {
    /// The first byte of the log.
    pub const ZERO: Self = Self(0);

    /// Makes the position with the given byte count from the log's birth.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Returns the byte count from the log's birth.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the position `bytes` later, or `None` past the end of all numbers.
    #[must_use]
    pub const fn checked_add(self, bytes: u64) -> Option<Self> {
        match self.0.checked_add(bytes) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lsn:{}", self.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
