//! Who of a bus's own is alive beside it: branches and mirrors, counted and asked by statistics alone.
//!
//! Invariant: nobody here is kept alive, and nobody is waited for.

use std::{
    fmt,
    sync::{Arc, PoisonError, Weak},
};

use crate::{
    mirror,
    stats::{BranchStats, MirrorStats},
    sync::Mutex,
};

/// Branches and mirrors of one bus.
#[derive(Debug, Default)]
pub(crate) struct Alive {
    branch: Token,
    mirrors: Mutex<Vec<Told>>,
}

/// Held by everything that is counted; counting its owners is nobody's order to check.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token(Arc<()>);

/// A mirror, and what its device had when it was asked last.
struct Told {
    mirror: Weak<mirror::Shared>,
    held: mmsb_gpu::Held,
}

impl Alive {
    /// Returns what a branch holds as long as it lives.
    pub(crate) fn branch(&self) -> Token {
        self.branch.clone()
    }

    /// Tells how many branches live.
    pub(crate) fn branches(&self) -> BranchStats {
        BranchStats { count: Arc::strong_count(&self.branch.0) as u64 - 1 }
    }

    /// Counts a mirror from now on.
    pub(crate) fn add_mirror(&self, mirror: &Arc<mirror::Shared>) {
        let told = Told { mirror: Arc::downgrade(mirror), held: mmsb_gpu::Held::default() };
        self.mirrors.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    /// Tells what mirrors hold; of one that is busy, what it held when it was asked last.
    pub(crate) fn mirrors(&self) -> MirrorStats {
        let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        mirrors.retain_mut(Told::ask);
        let mut stats = MirrorStats { count: mirrors.len() as u64, ..MirrorStats::default() };
        for Told { held, .. } in &*mirrors {
            stats.page_count += held.page_count;
            stats.bytes += held.page_bytes;
        }
        stats
    }
}

impl Told {
    /// Asks the mirror unless it is busy; tells whether it lives.
    fn ask(&mut self) -> bool {
        let Some(mirror) = self.mirror.upgrade() else { return false };
        self.held = mirror.try_held().unwrap_or(self.held);
        true
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.held)
    }
}
