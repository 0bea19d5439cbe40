//! How large a run's inputs are. Checks stay the same, whatever the size.

/// The size of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As the figures in the documentation are.
    Full,
    /// The ten numbered lines within a minute.
    Quick,
    /// For tests that [break a line](crate::Line::faults): figures mean nothing.
    Tiny,
}

impl Size {
    /// Returns the one for this size, of one for each: full, quick, tiny.
    #[must_use]
    pub const fn pick<T: Copy>(self, [full, quick, tiny]: [T; 3]) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
            Self::Tiny => tiny,
        }
    }
}
