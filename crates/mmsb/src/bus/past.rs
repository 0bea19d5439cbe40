//! The doors to the past.

use std::collections::BTreeMap;

use mmsb_types::{Epoch, Label, PageId};

use crate::{Bus, Commits, Error, History, Past, info::label};

/// How often a pass over a log in memory is tried that gives up its oldest commits meanwhile.
const READS_MAX: u32 = 8;

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
        let newest = self.newest_for(epoch);
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        loop {
            let mut replay = self.journal().replay(epoch)?;
            let oldest = replay.state.head.epoch;
            if epoch < oldest {
                return Err(Error::HistoryGone { asked: epoch, oldest });
            }
            match replay.run_to(epoch) {
                Ok(()) => return Ok(Past::new(replay.state, self.lineage().clone())),
                // The log gave up what was being read; what was asked may still be there.
                Err(Error::HistoryGone { .. }) => {}
                Err(error) => return Err(error),
            }
        }
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
        let found = last_epochs(self)?.remove(&wanted);
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
        retry_where_gone(|| History::new(self, page))
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

/// Reads again if a log in memory gave up what was being read: what is left may do.
fn retry_where_gone<T>(mut read: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..READS_MAX {
        match read() {
            Err(Error::HistoryGone { .. }) => {}
            done => return done,
        }
    }
    read()
}

/// Returns the last epoch of each label in the history kept.
pub(crate) fn last_epochs(bus: &Bus) -> Result<BTreeMap<Label, Epoch>, Error> {
    retry_where_gone(|| read_labels(bus))
}

fn read_labels(bus: &Bus) -> Result<BTreeMap<Label, Epoch>, Error> {
    let mut replay = bus.journal().replay(bus.epoch())?;
    let kept = replay.kept().clone();
    let oldest = (replay.state.head.label, replay.state.head.epoch);
    let mut last: BTreeMap<_, _> = oldest.0.map(|label| (label, oldest.1)).into_iter().collect();
    while let Some(commit) = replay.skip()? {
        let label = label(commit.frame.sections).map_err(|what| kept.does_not_fit(&commit, what))?;
        last.extend(label.map(|label| (label, commit.epoch)));
    }
    Ok(last)
}
