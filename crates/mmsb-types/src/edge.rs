//! The kinds of dependency between pages.

/// Why one page depends on another, and so what a change of the source asks of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}
