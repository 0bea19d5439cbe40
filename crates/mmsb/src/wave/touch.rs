//! Where a wave begins: the pages that a transaction changes and others depend on, laid on the desk as it leaves them.
//!
//! Invariant: a page that comes out as it was starts nothing; one that is derived is refused.

use mmsb_delta::{BatchView, Patch};
use mmsb_graph::Outcome;
use mmsb_types::PageId;

use super::{LiveGraph, desk::Desk, plan::Task};
use crate::{
    Error, Transaction,
    txn::{Change, Detail, Life, TxPage},
};

/// How many writes ahead a page is asked for.
const AHEAD: usize = 24;

impl Task<'_> {
    /// Lays the pages that the transaction changes on the desk, and starts the wave from those that come out as
    /// others.
    ///
    /// # Errors
    /// [`Error::DerivedPage`], [`Error::Conflict`].
    pub(super) fn touch(&self, live: &mut LiveGraph, tx: &Transaction<'_>) -> Result<(), Error> {
        match tx.detail() {
            Some(detail) => self.touch_pages(live, detail),
            None => self.touch_written(live, tx.draft.writes()),
        }
    }

    fn touch_pages(&self, live: &mut LiveGraph, detail: &Detail<'_>) -> Result<(), Error> {
        let mut made = Vec::new();
        for page in detail.pages.iter().filter(|page| !matches!(page.change, Change::None)) {
            if page.life == Life::Old {
                self.check_not_derived(page.page)?;
            }
            if self.graph().is_source(page.page) && self.is_changed(page, &mut live.desk, &mut made)? {
                live.schedule.touch(page.page);
            }
        }
        Ok(())
    }

    fn touch_written(&self, live: &mut LiveGraph, writes: BatchView<'_>) -> Result<(), Error> {
        let (mut made, marked) = (Vec::new(), self.marked(writes)?);
        for writes in marked.chunk_by(|(one, _), (other, _)| one == other) {
            let page = writes[0].0;
            let Some(slot) = self.graph().slot(page) else { continue };
            live.desk.load(self.bus.store(), slot, page)?;
            made.clear();
            made.extend_from_slice(live.desk.bytes(slot));
            let fits = writes.iter().try_for_each(|(_, patch)| patch.apply(&mut made));
            fits.map_err(|_| Error::Conflict { page })?;
            if live.desk.replace(slot, &made) == Outcome::Changed {
                live.schedule.touch(page);
            }
        }
        Ok(())
    }

    /// Returns the writes to pages that others depend on, page by page, those to one in their order. Most of a large
    /// commit's are to other pages: those are left as they stand.
    fn marked<'w>(&self, writes: BatchView<'w>) -> Result<Vec<(PageId, Patch<'w>)>, Error> {
        let (store, mut marked) = (self.bus.store(), Vec::new());
        let mut ahead = writes.compact_spans().skip(AHEAD);
        for (page, patch) in writes.compact_iter() {
            ahead.next().into_iter().for_each(|(page, _)| store.prefetch(page));
            if !store.marks(page).is_none() {
                self.check_not_derived(page)?;
                marked.push((page, patch));
            }
        }
        marked.sort_by_key(|&(page, _)| page);
        Ok(marked)
    }

    fn check_not_derived(&self, page: PageId) -> Result<(), Error> {
        match self.state.registration(page) {
            Some(_) => Err(Error::DerivedPage { page }),
            None => Ok(()),
        }
    }

    fn is_changed(&self, page: &TxPage<'_>, desk: &mut Desk, made: &mut Vec<u8>) -> Result<bool, Error> {
        let Some(slot) = self.graph().slot(page.page) else { return Ok(false) };
        if page.born {
            desk.load_born(slot, page.page, page.page_bytes);
        } else {
            desk.load(self.bus.store(), slot, page.page)?;
        }
        made.clear();
        made.extend_from_slice(desk.bytes(slot));
        if made.len() != page.page_bytes as usize {
            return Err(Error::Conflict { page: page.page });
        }
        page.read_over(0, made);
        Ok(desk.replace(slot, made) == Outcome::Changed)
    }
}
