//! Names of pages and where they live, as of every epoch that somebody looks at; and the next id.
//!
//! Every commit that creates, deletes or names pages makes a new version, which shares all that did not change
//! with the one before. The newest is swapped in whole, so look-ups never wait.
//!
//! Invariants: two pages of one version never share a name. Whoever makes a version holds the catalogue's lock
//! from the check to the publication of the commit, and swaps it in before the commit counts as published: so
//! once the published prefix has reached an epoch, the version of that epoch is there. The version before the
//! newest is always kept, for a snapshot may begin between the check and the commit's number; older ones as
//! long as a pin lies in their time.

mod change;
mod names;

use mmsb_page::Swap;
use mmsb_types::{Epoch, PageId, limits::COMPACT_ID_MAX};

pub(crate) use self::{
    change::CatalogueChange,
    names::{NameChanges, Names, name_changes},
};
use crate::{
    Error,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// The catalogue of a live bus.
#[derive(Debug)]
pub(crate) struct Catalogue {
    versions: Swap<Versions>,
    changing: Mutex<()>,
    next_id: AtomicU64,
}

/// The newest version, and those before it that may still be asked for, by rising epoch.
#[derive(Clone, Debug)]
struct Versions {
    newest: Names,
    older: Vec<Names>,
}

impl Catalogue {
    /// Starts from the version that a log amounts to.
    pub(crate) fn new(names: Names) -> Self {
        let next_id = names.next_id.get();
        Self {
            versions: Swap::new(Versions { newest: names, older: Vec::new() }),
            changing: Mutex::new(()),
            next_id: AtomicU64::new(next_id),
        }
    }

    /// Takes an id that was never given out; it is not given out again, used or not.
    ///
    /// # Errors
    /// [`Error::IdsUsedUp`].
    pub(crate) fn take_id(&self) -> Result<PageId, Error> {
        let next = |id| (id <= COMPACT_ID_MAX).then_some(id + 1);
        let taken = self.next_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(PageId::new).map_err(|_| Error::IdsUsedUp { limit: COMPACT_ID_MAX })
    }

    /// Looks at the newest version.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Names) -> R) -> R {
        self.versions.read(|versions| look(&versions.newest))
    }

    /// Returns the version as of `epoch`, which must be pinned, and which the published prefix must have
    /// reached; `None` if it was given up, because it was not pinned.
    pub(crate) fn as_of(&self, epoch: Epoch) -> Option<Names> {
        self.versions.read(|Versions { newest, older }| {
            let mut versions = std::iter::once(newest).chain(older.iter().rev());
            versions.find(|names| names.epoch <= epoch).cloned()
        })
    }

    /// Returns about how many bytes the newest version takes, and how many older ones are kept.
    pub(crate) fn footprint(&self) -> (u64, usize) {
        self.versions.read(|versions| (versions.newest.bytes(), versions.older.len()))
    }
}
