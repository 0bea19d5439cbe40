//! A pass over the log for a few pages: what they were as of one epoch, and nothing of the others.
//!
//! Invariant: what comes out is what [`Journal::replay`] to the same epoch gives for these pages.

#[cfg(test)]
mod tests;

use mmsb_delta::Patch;
use mmsb_tlog::{Commit, Reader};
use mmsb_types::{Epoch, PageEvent, PageId};

use super::Journal;
use crate::{
    Error,
    info::events,
    replay::missing,
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
    /// One pass over the log from the oldest state that is kept to `epoch`, checksums included, whatever the
    /// number of pages; memory of these pages.
    pub(crate) fn pages_at(&self, epoch: Epoch, pages: &[PageId]) -> Result<PagesAt, Error> {
        loop {
            match self.read_pages(epoch, pages) {
                // A log in memory gave up what was being read; what was asked may still be there.
                Err(Error::HistoryGone { asked, .. }) if asked != epoch => {}
                result => return result,
            }
        }
    }

    fn read_pages(&self, epoch: Epoch, pages: &[PageId]) -> Result<PagesAt, Error> {
        let end = self.end(epoch)?;
        let base = self.lock_base();
        let oldest = base.state.head.epoch;
        if epoch < oldest {
            return Err(Error::HistoryGone { asked: epoch, oldest });
        }
        let mut wanted = Wanted::new(pages, |page| base.state.page(page).cloned());
        let mut reader = self.kept.reader(base.cursor, end)?;
        drop(base);
        self.run(&mut wanted, &mut reader, epoch)?;
        Ok(wanted.answer(pages))
    }

    fn run(&self, wanted: &mut Wanted, reader: &mut Reader, epoch: Epoch) -> Result<(), Error> {
        while reader.cursor().number < epoch.get() {
            let before = reader.cursor();
            let commit = reader.next_commit().map_err(|error| self.kept.failed(error, before))?;
            let Some(commit) = commit else { break };
            wanted.apply(&commit).map_err(|what| self.kept.does_not_fit(&commit, what))?;
        }
        Ok(())
    }
}

impl Wanted {
    fn new(pages: &[PageId], base: impl Fn(PageId) -> Option<StatePage>) -> Self {
        let mut sorted = pages.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        Self { pages: sorted.into_iter().map(|page| (page, base(page))).collect() }
    }

    fn apply(&mut self, commit: &Commit<'_>) -> Result<(), String> {
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

    fn apply_patch(&mut self, page: PageId, patch: Patch<'_>, epoch: Epoch) -> Result<(), String> {
        match self.find(page) {
            None => Ok(()),
            Some(None) => Err(missing(page)),
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
