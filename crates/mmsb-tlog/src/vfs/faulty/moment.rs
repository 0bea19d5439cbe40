//! A recording: the disk after every call that changed it, so that a power cut can come after each.

use std::{fmt, path::Path, sync::Arc};

use super::{
    FaultyVfs,
    crash::{Crash, Fate},
    disk::Disk,
    failure::CallKind,
};

/// One call, as a person would tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Counted from 1, over all clones of the disk.
    pub number: u64,
    /// What was asked.
    pub kind: CallKind,
    /// Of which file or directory; the source of a rename.
    pub path: Arc<Path>,
    /// First byte of a read or write, new length of a truncation.
    pub offset: u64,
    /// Length of a read or write, in bytes.
    pub bytes: usize,
}

/// The disk as it was when a call had just returned.
#[derive(Clone, Debug)]
pub struct Moment {
    pub(super) call: Call,
    pub(super) disk: Disk,
}

impl Moment {
    /// Returns the call.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Counts the changes that a power cut could take away: without any, all power cuts are alike.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.disk.pending_count()
    }

    /// Chooses what becomes of each unsynced change in a power cut. Equal choices leave equal disks.
    #[must_use]
    pub fn decide(&self, crash: Crash) -> Vec<Fate> {
        self.disk.decide(crash)
    }

    /// Returns a disk as the power cut leaves it; changes whose fate is not told are lost.
    #[must_use]
    pub fn crash(&self, fates: &[Fate]) -> FaultyVfs {
        FaultyVfs::of(self.disk.crash(fates))
    }

    /// Returns a disk as it is found when the process dies and the system lives on: all is seen, and what was
    /// unsynced still is.
    #[must_use]
    pub fn kill(&self) -> FaultyVfs {
        FaultyVfs::of(self.disk.clone())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}, {:?} {}", self.number, self.kind, self.path.display())?;
        match self.kind {
            CallKind::Read | CallKind::Write => write!(f, ", {} bytes at {}", self.bytes, self.offset),
            CallKind::Truncate => write!(f, " to {}", self.offset),
            _ => Ok(()),
        }
    }
}
