//! A pass over the log for a few pages: what they were as of one epoch, and nothing of the others.
//!
//! Invariant: what comes out is what [`Journal::state_at`] the same epoch gives for these pages.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use mmsb_delta::Patch;
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, PageEvent, PageId};

use super::{Journal, Origin, retry_where_gone};
use crate::{
    Error,
    info::events,
    replay::{Why, missing},
    state::{PageBytes, StatePage},
};

/// Pages as of one epoch, in the order in which they were asked for: the commit that changed each last, and its
/// bytes; `None` for one that did not live then.
pub(crate) type PagesAt = Vec<(PageId, Option<(Epoch, PageBytes)>)>;

/// The pages that are wanted, as of the commit that was read last.
struct Wanted {
    /// Without repetition, rising.
    pages: Vec<(PageId, Option<StatePage>)>,
}

impl Journal {
    /// Returns what `pages` were as of `epoch`, which is reserved at least; waits until that much is written.
    ///
    /// # Errors
    /// [`Error::HistoryGone`] if the log no longer reaches back to `epoch`; [`Error::NoHistory`],
    /// [`Error::Poisoned`], [`Error::Corrupt`], [`Error::Io`].
    ///
    /// # Cost
    /// One pass over the log from the nearest state that is kept to `epoch`, checksums included, whatever the
    /// number of pages; memory of these pages.
    pub(crate) fn pages_at(&self, epoch: Epoch, pages: &[PageId]) -> Result<PagesAt, Error> {
        let sorted = sorted(pages);
        retry_where_gone(epoch, || {
            let load =
                |origin: Origin| Ok((origin.heading().epoch, Wanted::new(&sorted, origin.pages(&sorted)?)));
            let ((mut at, mut wanted), mut pass) = self.nearest(epoch, load)?;
            while at < epoch {
                let Some(next) = pass.visit(|commit| wanted.apply(commit).map(|()| commit.epoch))? else {
                    break;
                };
                at = next;
            }
            Ok(wanted.answer(pages))
        })
    }
}

fn sorted(pages: &[PageId]) -> Vec<PageId> {
    let mut sorted = pages.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

impl Wanted {
    fn new(sorted: &[PageId], mut states: BTreeMap<PageId, StatePage>) -> Self {
        Self { pages: sorted.iter().map(|&page| (page, states.remove(&page))).collect() }
    }

    fn apply(&mut self, commit: &Commit<'_>) -> Result<(), Why> {
        for event in events(commit.frame.sections)? {
            self.apply_event(&event, commit.epoch);
        }
        for (page, patch) in commit.frame.batch.iter() {
            self.apply_patch(page, patch, commit.epoch)?;
        }
        Ok(())
    }

    fn apply_event(&mut self, event: &PageEvent, epoch: Epoch) {
        let Some(state) = self.find(event.page()) else { return };
        match *event {
            PageEvent::Created { page_bytes, .. } => {
                *state = Some(StatePage::new(page_bytes, epoch));
            }
            PageEvent::Deleted { .. } => *state = None,
            PageEvent::Named { .. } => {}
        }
    }

    fn apply_patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), Why> {
        match self.find(page) {
            None => Ok(()),
            Some(None) => Err(missing(page).into()),
            Some(Some(state)) => state.apply_patch(page, patch, epoch),
        }
    }

    fn find(&mut self, page: PageId) -> Option<&mut Option<StatePage>> {
        let place = self.place(page)?;
        Some(&mut self.pages[place].1)
    }

    fn place(&self, page: PageId) -> Option<usize> {
        self.pages.binary_search_by_key(&page, |&(page, _)| page).ok()
    }

    fn answer(&self, pages: &[PageId]) -> PagesAt {
        let state = |page| self.place(page).and_then(|place| self.pages[place].1.as_ref());
        pages
            .iter()
            .map(|&page| (page, state(page).map(|state| (state.epoch, state.bytes.clone()))))
            .collect()
    }
}
