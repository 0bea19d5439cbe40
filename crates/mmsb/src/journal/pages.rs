//! A pass over the log for a few pages: what they were as of one epoch, and nothing of the others.
//!
//! Invariant: what comes out is what [`Journal::replay`] to the same epoch gives for these pages.

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

#[cfg(test)]
mod tests {
    use mmsb_types::{Durability, Epoch, PageId};

    use crate::{Bus, Error};

    /// Eight pages, of which one after the other dies and some come back as nothing; 200 commits.
    fn busy_bus() -> Bus {
        let bus = Bus::in_memory().unwrap();
        let pages: Vec<_> = (0..8).map(|index| bus.create_page(None, 16 + index).unwrap()).collect();
        for turn in 0..192usize {
            let mut tx = bus.begin().durability(Durability::Volatile);
            let alive = &pages[turn / 32..];
            for page in alive.iter().skip(turn % 3) {
                tx.write(*page, (turn % 13) as u32, [turn as u8; 3]).unwrap();
            }
            if turn % 32 == 31 {
                tx.delete_page(alive[0]).unwrap();
            }
            tx.commit().unwrap();
        }
        bus
    }

    #[test]
    fn one_pass_gives_what_a_whole_past_gives() {
        let bus = busy_bus();
        let asked: Vec<_> = [9, 3, 1, 5, 3, 8, 1 << 40, 2].map(PageId::new).to_vec();
        for epoch in (0..=200).map(Epoch::new) {
            let past = bus.at(epoch).unwrap();
            let found = bus.journal().pages_at(epoch, &asked).unwrap();
            assert!(found.iter().map(|&(page, _)| page).eq(asked.iter().copied()));
            for (page, state) in found {
                let info = past.pages().find(|info| info.page == page);
                let expect = info.map(|info| (info.epoch, past.bytes(page).unwrap().to_vec()));
                let state = state.map(|(epoch, bytes)| (epoch, bytes.to_vec()));
                assert_eq!(state, expect, "{page} as of {epoch}");
            }
        }
    }

    #[test]
    fn what_the_log_gave_up_is_refused_and_the_rest_is_there() {
        let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
        let page = bus.create_page(None, 1000).unwrap();
        for count in 2..=2000u64 {
            let mut tx = bus.begin();
            tx.write(page, 0, [7; 100]).unwrap();
            tx.put(page, 500, &count).unwrap();
            tx.commit().unwrap();
        }
        let oldest = bus.oldest();
        for epoch in [oldest, oldest.next(), bus.epoch()] {
            let found = bus.journal().pages_at(epoch, &[page]).unwrap();
            let (changed, bytes) = found[0].1.clone().unwrap();
            assert_eq!((changed, &bytes[500..508]), (epoch, &epoch.get().to_le_bytes()[..]));
        }
        let asked = Epoch::new(oldest.get() - 1);
        let gone = bus.journal().pages_at(asked, &[page]).map(drop);
        let is_told =
            matches!(gone, Err(Error::HistoryGone { asked: a, oldest: o }) if (a, o) == (asked, oldest));
        assert!(is_told, "{gone:?}");
    }

    #[test]
    fn a_bus_that_keeps_nothing_has_no_history() {
        let bus = Bus::builder().volatile().unwrap();
        let page = bus.create_page(None, 8).unwrap();
        let refused = bus.journal().pages_at(bus.epoch(), &[page]).map(drop);
        assert!(matches!(refused, Err(Error::NoHistory)), "{refused:?}");
    }
}
