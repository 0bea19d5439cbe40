//! Who of a bus's own is alive beside it: branches and mirrors, for statistics alone.
//!
//! Invariant: nobody here is kept alive, and nobody is waited for. Counting owners is nobody's order to check.

use std::sync::{Arc, PoisonError, Weak};

use mmsb_gpu::Held;

use crate::{
    stats::{BranchStats, MirrorStats},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Branches and mirrors of one bus.
#[derive(Debug, Default)]
pub(crate) struct Alive {
    branch: Token,
    mirrors: Mutex<Vec<Weak<OnDevice>>>,
}

/// Held by everything that is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token(Arc<()>);

/// What the device of one mirror has, told by the mirror; held by it.
#[derive(Debug, Default)]
pub(crate) struct OnDevice {
    page_count: AtomicU64,
    page_bytes: AtomicU64,
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

    /// Counts a mirror for as long as it holds what is returned.
    pub(crate) fn mirror(&self) -> Arc<OnDevice> {
        let told = Arc::default();
        self.mirrors.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&told));
        told
    }

    /// Tells what mirrors hold.
    pub(crate) fn mirrors(&self) -> MirrorStats {
        let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        mirrors.retain(|mirror| mirror.strong_count() > 0);
        let mut stats = MirrorStats::default();
        for mirror in mirrors.iter().filter_map(Weak::upgrade) {
            stats.count += 1;
            stats.page_count += mirror.page_count.load(Ordering::Relaxed);
            stats.bytes += mirror.page_bytes.load(Ordering::Relaxed);
        }
        stats
    }
}

impl OnDevice {
    /// Tells what there is now.
    pub(crate) fn set(&self, held: Held) {
        self.page_count.store(held.page_count, Ordering::Relaxed);
        self.page_bytes.store(held.page_bytes, Ordering::Relaxed);
    }
}
