//! How safe a commit is.

/// How safe a commit is, from least to most: what it survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// Visible to this process; survives nothing.
    Volatile,
    /// In the kernel's hands; survives a crash of the process.
    #[default]
    Written,
    /// On the disk; survives a loss of power. Every earlier commit is, too.
    Synced,
}
