//! The doors to the past.

use mmsb_types::{Epoch, Label, PageId};

use crate::{Bus, Commits, Error, History, Past, info::label};

impl Bus {
    /// Returns the state as it was at `epoch`, whole and unchanging. Nothing is rewound.
    ///
    /// # Errors
    /// [`Error::EpochAhead`], [`Error::HistoryGone`], [`Error::NoHistory`], [`Error::Poisoned`];
    /// [`Error::Corrupt`], [`Error::Io`] if the log cannot be read.
    ///
    /// # Cost
    /// Reads the log up to `epoch` and holds a copy of all pages.
    pub fn at(&self, epoch: Epoch) -> Result<Past, Error> {
        let newest = self.epoch();
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        let mut replay = self.journal().replay(epoch)?;
        let oldest = replay.state.epoch;
        if epoch < oldest {
            return Err(Error::HistoryGone { asked: epoch, oldest });
        }
        replay.run_to(epoch)?;
        Ok(Past::new(replay.state))
    }

    /// Returns the last state with this label.
    ///
    /// # Errors
    /// [`Error::LabelNotFound`], and those of [`Bus::at`].
    ///
    /// # Cost
    /// Reads the whole log once to find the label, then as [`Bus::at`].
    pub fn at_label(&self, wanted: impl Into<Label>) -> Result<Past, Error> {
        let wanted = wanted.into();
        let mut found = None;
        let mut replay = self.journal().replay(self.epoch())?;
        while let Some(commit) = replay.reader.next_commit()? {
            if label(commit.frame.sections).ok().flatten() == Some(wanted) {
                found = Some(commit.epoch);
            }
        }
        self.at(found.ok_or(Error::LabelNotFound { label: wanted })?)
    }

    /// Returns the changes of a page, newest first: epoch, bytes before and after, who and where.
    ///
    /// # Errors
    /// [`Error::PageNotFound`] if no such page ever lived in the history kept, and those of [`Bus::at`].
    ///
    /// # Cost
    /// Reads the whole log once; then a stretch of it again for each 256 changes visited.
    pub fn history(&self, page: PageId) -> Result<History, Error> {
        History::new(self, page)
    }

    /// Visits the commits in the log, oldest first, without their bytes.
    ///
    /// # Errors
    /// As [`Bus::at`].
    pub fn commits(&self) -> Result<Commits, Error> {
        Ok(Commits::new(self.journal().replay(self.epoch())?))
    }

    /// Returns the oldest epoch that can still be shown.
    #[must_use]
    pub fn oldest(&self) -> Epoch {
        self.journal().oldest()
    }
}
