//! States of a mirror that stay, on the device, to be compared there with later ones.
//!
//! Invariant: copies are freed on the device that they were made on, or went with it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use mmsb_delta::Delta;
use mmsb_gpu::{GpuError, PageHandle, PageOps as _, PageState, Step};
use mmsb_types::{Epoch, PageId};

use super::{Mirror, MirrorError, Shared, state::State};
use crate::{Error, wave::token};

/// Copies of a mirror's pages as of one epoch, on the device; made by [`Mirror::freeze`]. Dropping it frees them.
#[must_use = "dropping it frees the copies"]
pub struct Frozen {
    shared: Arc<Shared>,
    epoch: Epoch,
    /// How many devices the mirror had lost before the one that has the copies.
    lost_count: u64,
    pages: BTreeMap<PageId, PageHandle>,
}

/// How pages on a device changed from one epoch to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorDiff {
    /// The earlier state.
    pub old: Epoch,
    /// The later one.
    pub new: Epoch,
    /// Pages whose bytes differ, by rising id, and what makes the later bytes of the earlier.
    pub pages: Vec<(PageId, Delta)>,
    /// Pages that only the earlier state has on the device, by rising id.
    pub only_old: Vec<PageId>,
    /// Pages that only the later state has on the device, by rising id.
    pub only_new: Vec<PageId>,
}

impl Mirror {
    /// Copies every page on the device, there, as it is at the mirror's epoch.
    ///
    /// # Errors
    /// As [`Mirror::wait`]; [`MirrorError::Device`] with [`GpuError::OutOfMemory`] if the budget has no room for the copies.
    ///
    /// # Cost
    /// One submission, that moves each byte once on the device and none to it or back.
    pub fn freeze(&self) -> Result<Frozen, Error> {
        token::check()?;
        let mut state = self.shared.lock();
        let (epoch, lost_count, pages) = state.insist(|state| {
            state.advance(state.epoch())?;
            Ok((state.epoch(), state.lost_count(), copy(state)?))
        })?;
        Ok(Frozen { shared: Arc::clone(&self.shared), epoch, lost_count, pages })
    }

    /// Compares, on the device, what was frozen with what is there now. Only words that differ come back.
    ///
    /// # Errors
    /// As [`Mirror::wait`]; [`MirrorError::FrozenGone`] if the copies went with a device that was lost, or are another
    /// mirror's.
    pub fn diff(&self, old: &Frozen) -> Result<MirrorDiff, Error> {
        token::check()?;
        self.shared.lock().insist(|state| {
            state.advance(state.epoch())?;
            let (new, pages) = (state.epoch(), handles(state));
            self.compare(state, old, (new, &pages))
        })
    }

    /// Compares, on the device, two states that were frozen.
    ///
    /// # Errors
    /// As [`Mirror::diff`].
    pub fn diff_frozen(&self, old: &Frozen, new: &Frozen) -> Result<MirrorDiff, Error> {
        token::check()?;
        self.shared.lock().insist(|state| {
            self.check_frozen(state, new)?;
            self.compare(state, old, (new.epoch, &new.pages))
        })
    }

    fn check_frozen(&self, state: &State, frozen: &Frozen) -> Result<(), Error> {
        let is_here = Arc::ptr_eq(&self.shared, &frozen.shared)
            && frozen.lost_count == state.lost_count()
            && state.pages().lost().is_none();
        if is_here { Ok(()) } else { Err(MirrorError::FrozenGone { epoch: frozen.epoch }.into()) }
    }

    fn compare(
        &self,
        state: &mut State,
        old: &Frozen,
        (new, now): (Epoch, &BTreeMap<PageId, PageHandle>),
    ) -> Result<MirrorDiff, Error> {
        self.check_frozen(state, old)?;
        let slabs = state.pages().ops().slabs();
        let length = |handle: PageHandle| slabs.place(handle).map(|place| place.page_bytes);
        let both = old.pages.iter().filter_map(|(page, old)| Some((*page, (*old, *now.get(page)?))));
        let both: Vec<_> = both.filter(|(_, (old, new))| length(*old) == length(*new)).collect();
        let pairs: Vec<_> = both.iter().map(|pair| pair.1).collect();
        let deltas = state.pages_mut().ops_mut().diff_many(&pairs)?;
        let changed = both.iter().map(|pair| pair.0).zip(deltas).filter(|(_, delta)| !delta.is_empty());
        let without = |these: &BTreeMap<PageId, _>, others: &BTreeMap<PageId, _>| {
            these.keys().filter(|page| !others.contains_key(page)).copied().collect()
        };
        let (only_old, only_new) = (without(&old.pages, now), without(now, &old.pages));
        Ok(MirrorDiff { old: old.epoch, new, pages: changed.collect(), only_old, only_new })
    }
}

/// Returns the pages that are on the device as of the mirror's epoch.
fn handles(state: &State) -> BTreeMap<PageId, PageHandle> {
    let pages = state.pages();
    let clean = pages.known().filter(|known| known.state == PageState::Clean);
    clean.filter_map(|known| Some((known.page, pages.handle(known.page)?))).collect()
}

/// Copies all pages that are there, or none.
fn copy(state: &mut State) -> Result<BTreeMap<PageId, PageHandle>, Error> {
    let pages = handles(state);
    let ops = state.pages_mut().ops_mut();
    let mut copies = BTreeMap::new();
    let copied = (|| {
        let mut pairs = Vec::with_capacity(pages.len());
        for (page, from) in pages {
            let page_bytes = ops.slabs().find(from)?.page_bytes;
            let to = ops.create(page_bytes)?;
            copies.insert(page, to);
            pairs.push((to, from));
        }
        ops.run(&[Step::Copy(&pairs)])
    })();
    if copied.is_err() {
        copies.values().try_for_each(|copy| ops.free(*copy))?;
    }
    copied?;
    Ok(copies)
}

impl Frozen {
    /// Returns what the copies are as of.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn free(&self) -> Result<(), GpuError> {
        let mut state = self.shared.lock();
        if state.lost_count() != self.lost_count || state.pages().lost().is_some() {
            return Ok(());
        }
        let ops = state.pages_mut().ops_mut();
        self.pages.values().try_for_each(|copy| ops.free(*copy))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        if let Err(error) = self.free() {
            tracing::error!(%error, "freeing copies of a mirror's pages");
        }
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page_count = self.pages.len();
        f.debug_struct("Frozen")
            .field("epoch", &self.epoch)
            .field("page_count", &page_count)
            .finish_non_exhaustive()
    }
}
