//! A pass over the log for what is known of all pages but their bytes, as of one epoch.
//!
//! Invariant: what comes out is what [`Journal::replay`] to the same epoch would list.

use std::collections::BTreeMap;

use mmsb_delta::BatchView;
use mmsb_types::{Epoch, Label, PageId};

use super::{Journal, Replay};
use crate::{
    Error, PageInfo,
    replay::{Heading, Pages, missing},
};

/// All pages as of the commit that was read last: length in bytes, and last change.
struct Lives(BTreeMap<PageId, (u32, Epoch)>);

impl Journal {
    /// Lists the pages as of `epoch`, which must be published, by rising id.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// One pass over the log from the oldest state that is kept to `epoch`.
    pub(crate) fn list_at(&self, epoch: Epoch) -> Result<Vec<PageInfo>, Error> {
        let (Heading { names, .. }, lives) = self.lives_at(epoch)?;
        let info = |(page, (page_bytes, epoch))| {
            let (name, location) = (names.name(page).cloned(), names.location(page));
            PageInfo { page, page_bytes, name, epoch, location }
        };
        Ok(lives.0.into_iter().map(info).collect())
    }

    /// Returns the label of the commit `epoch`, which must be published.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// As [`Journal::list_at`].
    pub(crate) fn label_at(&self, epoch: Epoch) -> Result<Option<Label>, Error> {
        self.lives_at(epoch).map(|(heading, _)| heading.label)
    }

    /// Replays all but the bytes; again if a log in memory gives up meanwhile what is being read.
    fn lives_at(&self, epoch: Epoch) -> Result<(Heading, Lives), Error> {
        loop {
            let mut replay = self.replay(epoch)?;
            let oldest = replay.state.head.epoch;
            if epoch < oldest {
                return Err(Error::HistoryGone { asked: epoch, oldest });
            }
            match Lives::read(&mut replay, epoch) {
                Err(Error::HistoryGone { .. }) => {}
                result => return result,
            }
        }
    }
}

impl Lives {
    /// Goes on until `epoch`, or the end.
    fn read(replay: &mut Replay, epoch: Epoch) -> Result<(Heading, Self), Error> {
        let kept = replay.kept().clone();
        let life = |state: &crate::state::StatePage| (state.bytes.len() as u32, state.epoch);
        let mut lives = Self(replay.state.pages().map(|(page, state)| (page, life(state))).collect());
        let mut heading = std::mem::take(&mut replay.state.head);
        while heading.epoch < epoch {
            let Some(commit) = replay.skip()? else { break };
            heading.apply(&commit, &mut lives).map_err(|what| kept.does_not_fit(&commit, what))?;
        }
        Ok((heading, lives))
    }

    /// Dates a page; a base frame's change, told by epoch 0, dates nothing.
    fn change(&mut self, page: PageId, epoch: Epoch) -> Result<(), String> {
        let (_, date) = self.0.get_mut(&page).ok_or_else(|| missing(page))?;
        *date = epoch.max(*date);
        Ok(())
    }
}

impl Pages for Lives {
    type Refusal = String;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), String> {
        self.0.insert(page, (page_bytes, epoch));
        Ok(())
    }

    fn delete(&mut self, page: PageId, _: Epoch) -> Result<(), String> {
        self.0.remove(&page).map(drop).ok_or_else(|| missing(page))
    }

    fn epoch(&self, page: PageId) -> Option<Epoch> {
        self.0.get(&page).map(|&(_, epoch)| epoch)
    }

    fn date(&mut self, page: PageId, epoch: Epoch) -> Result<(), String> {
        self.change(page, epoch)
    }

    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), String> {
        batch.iter().try_for_each(|(page, _)| self.change(page, epoch))
    }
}
