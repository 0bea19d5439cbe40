//! Branches: writable what-ifs over one state of a bus.
//!
//! A branch holds its base pinned, the pages it changed, and its commits' frames in memory. It has no ring,
//! no flusher and no directory until [`Branch::keep`] gives it one.
//!
//! Invariant: a branch's state is its base with its own frames applied; nothing it does reaches its parent.

mod base;
mod commit;
mod graph;
mod keep;
mod layer;
mod read;
mod view;
mod write;

use std::{
    fmt,
    panic::Location,
    sync::{Arc, PoisonError},
};

use mmsb_types::{Epoch, Label, PageId, limits::COMPACT_ID_MAX};

pub(crate) use self::base::Base;
use self::layer::Layer;
pub use self::view::BranchView;
use crate::{
    Bus, Error, Transaction,
    alive::Token,
    interner::Interner,
    lineage::Lineage,
    sync::{Mutex, MutexGuard, OnceLock},
};

/// Bytes of frames that a branch may hold in memory: then it is kept, or dropped.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// A writable state of its own that begins as one of a bus's states.
///
/// Nothing is recomputed on a branch: derived pages of what it changes are stale there.
///
/// Its commits go on from the base's epoch and stay in memory: at most 64 MiB of frames, then
/// [`Error::Busy`] until it is kept or dropped. Pages it creates get ids from the parent's next one
/// at its birth on, so [`diff`](crate::diff) pairs older pages by id and newer ones by name. Clones are
/// handles to the same branch; it outlives its bus.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let world = bus.create_page("world", 64)?;
/// let base = bus.put(world, 0, &1u64)?.epoch;
///
/// let what_if = bus.branch(base)?;
/// what_if.put(world, 0, &2u64)?;
/// assert_eq!(what_if.get::<u64>(world, 0)?, 2);
/// assert_eq!(bus.get::<u64>(world, 0)?, 1, "the parent never sees it");
/// assert_eq!(mmsb::diff(&bus, &what_if)?.pages.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Branch {
    inner: Arc<Inner>,
}

/// What all handles of a branch share.
struct Inner {
    base: Base,
    lineage: Lineage,
    /// Commits record where in the code they were begun, as the parent's do.
    sites: bool,
    record_bytes_max: u32,
    _alive: Token,
    state: Mutex<State>,
    /// Made with the first tag or site: most branches have none.
    interner: OnceLock<Box<Interner>>,
}

/// What commits change.
#[derive(Default)]
struct State {
    layer: Layer,
    /// The lowest id that was never given out here.
    next_id: u64,
    /// One sealed frame for each commit, one behind the other.
    frames: Vec<u8>,
}

/// What a branch takes over from its parent.
pub(crate) struct Parent<'p> {
    pub(crate) lineage: &'p Lineage,
    pub(crate) sites: bool,
    pub(crate) record_bytes_max: u32,
    pub(crate) alive: Token,
}

impl fmt::Debug for Branch {
    /// A line, not the pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Branch")
            .field("base", &self.base())
            .field("epoch", &state.layer.epoch)
            .field("changed_pages", &state.layer.changed_page_count())
            .finish_non_exhaustive()
    }
}

impl Branch {
    /// Makes a branch whose own pages get ids from `first_id` on.
    pub(crate) fn new(base: Base, first_id: PageId, parent: Parent<'_>) -> Self {
        let layer = Layer::over(base.epoch());
        let state = State { layer, next_id: first_id.get(), ..State::default() };
        let inner = Inner {
            lineage: parent.lineage.fork(base.epoch(), first_id),
            base,
            sites: parent.sites,
            record_bytes_max: parent.record_bytes_max,
            _alive: parent.alive,
            state: Mutex::new(state),
            interner: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Returns the epoch of the state it began as.
    #[must_use]
    pub fn base(&self) -> Epoch {
        self.inner.base.epoch()
    }

    /// Returns the epoch of its newest commit; the base's, if it has none.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.state().layer.epoch
    }

    /// Returns the label of its newest commit.
    ///
    /// # Errors
    /// If it has no commit, and the base's cannot be read.
    pub fn label(&self) -> Result<Option<Label>, Error> {
        let (epoch, label) = {
            let layer = &self.state().layer;
            (layer.epoch, layer.label)
        };
        if epoch > self.base() { Ok(label) } else { self.inner.base.label() }
    }

    /// Returns how many pages it holds of its own, those it deleted included.
    #[must_use]
    pub fn changed_page_count(&self) -> usize {
        self.state().layer.changed_page_count()
    }

    /// Returns how many bytes its commits' frames take; at 64 MiB it is full.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.state().frames.len()
    }

    /// Begins a transaction on the branch. Its commit reaches [`Durability::Volatile`](crate::Durability::Volatile).
    #[track_caller]
    pub fn begin(&self) -> Transaction<'_> {
        // Asked here, not in a closure: that would be the caller then.
        let caller = Location::caller();
        Transaction::on_branch(self, self.inner.sites.then_some(caller))
    }

    /// Takes an id that was never given out here; it is not given out again, used or not.
    pub(crate) fn take_id(&self) -> Result<PageId, Error> {
        let mut state = self.state();
        if state.next_id > COMPACT_ID_MAX {
            return Err(Error::IdsUsedUp { limit: COMPACT_ID_MAX });
        }
        state.next_id += 1;
        Ok(PageId::new(state.next_id - 1))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A commit applies only what was checked, and it calls nobody's code: a panic left nothing half done.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus {
    /// Makes a branch that begins as the state at `epoch`. The bus goes on; neither sees the other's commits.
    ///
    /// # Errors
    /// As [`Bus::at`].
    ///
    /// # Cost
    /// For the newest state as [`Snapshot::branch`](crate::Snapshot::branch); for an older one as [`Bus::at`].
    pub fn branch(&self, epoch: Epoch) -> Result<Branch, Error> {
        if epoch >= self.epoch() {
            let snapshot = self.snapshot();
            if snapshot.epoch() == epoch {
                return snapshot.branch();
            }
        }
        let past = self.at(epoch)?;
        let first_id = past.next_id();
        Ok(Branch::new(Base::Past(past), first_id, self.as_parent()))
    }
}
