//! A pass over the log for what is known of all pages but their bytes, as of one epoch.
//!
//! Invariant: what comes out is what [`Journal::replay`] to the same epoch would list.

use std::collections::BTreeMap;

use mmsb_tlog::Commit;
use mmsb_types::{Epoch, Label, PageEvent, PageId};

use super::{Journal, Replay};
use crate::{
    Error, PageInfo,
    catalogue::name_changes,
    info::{events, label},
    state::missing,
};

/// The pages as of the commit that was read last.
struct Listing(BTreeMap<PageId, PageInfo>);

impl Journal {
    /// Lists the pages as of `epoch`, which must be published, by rising id.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// One pass over the log from the oldest state that is kept to `epoch`.
    pub(crate) fn list_at(&self, epoch: Epoch) -> Result<Vec<PageInfo>, Error> {
        self.pass(epoch, |replay| {
            let infos = replay.state.pages().map(|(page, state)| (page, state.info(page)));
            let mut listing = Listing(infos.collect());
            replay.skip_to(epoch, |commit| listing.apply(commit))?;
            Ok(listing.0.into_values().collect())
        })
    }

    /// Returns the label of the commit `epoch`, which must be published.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// One pass over the log from the oldest state that is kept to `epoch`.
    pub(crate) fn label_at(&self, epoch: Epoch) -> Result<Option<Label>, Error> {
        self.pass(epoch, |replay| {
            let mut found = replay.state.label;
            replay.skip_to(epoch, |commit| {
                found = label(commit.frame.sections)?;
                Ok(())
            })?;
            Ok(found)
        })
    }

    /// Reads from the oldest state on; again if a log in memory gives up meanwhile what is being read.
    fn pass<T>(&self, epoch: Epoch, read: impl Fn(&mut Replay) -> Result<T, Error>) -> Result<T, Error> {
        loop {
            let mut replay = self.replay(epoch)?;
            let oldest = replay.state.epoch;
            if epoch < oldest {
                return Err(Error::HistoryGone { asked: epoch, oldest });
            }
            match read(&mut replay) {
                Err(Error::HistoryGone { .. }) => {}
                result => return result,
            }
        }
    }
}

impl Replay {
    /// Shows the commits up to `epoch` without applying them.
    fn skip_to(
        &mut self,
        epoch: Epoch,
        mut show: impl FnMut(&Commit<'_>) -> Result<(), String>,
    ) -> Result<(), Error> {
        let kept = self.kept().clone();
        while self.cursor().number < epoch.get() {
            let Some(commit) = self.skip()? else { break };
            show(&commit).map_err(|what| kept.does_not_fit(&commit, what))?;
        }
        Ok(())
    }
}

impl Listing {
    fn apply(&mut self, commit: &Commit<'_>) -> Result<(), String> {
        let (events, epoch) = (events(commit.frame.sections)?, commit.epoch);
        for event in &events {
            match *event {
                PageEvent::Created { page, page_bytes, location, .. } => {
                    self.0.insert(page, PageInfo { page, page_bytes, name: None, epoch, location });
                }
                PageEvent::Deleted { page } => drop(self.0.remove(&page)),
                PageEvent::Named { .. } => {}
            }
        }
        for (page, name) in name_changes(&events) {
            if let Some(info) = self.0.get_mut(&page) {
                info.name = name;
            }
        }
        for (page, _) in commit.frame.batch.iter() {
            self.0.get_mut(&page).ok_or_else(|| missing(page))?.epoch = epoch;
        }
        Ok(())
    }
}
