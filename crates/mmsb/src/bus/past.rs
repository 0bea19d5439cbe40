//! The doors to the past.

use std::{collections::BTreeMap, sync::Arc};

use mmsb_types::{Epoch, Label, PageId};

use crate::{
    Bus, Commits, Error, History, Past,
    index::Extent,
    journal::{Origin, retry_where_gone},
    wave::token,
};

impl Bus {
    /// Returns the state as it was at `epoch`, whole and unchanging. Nothing is rewound.
    ///
    /// # Errors
    /// [`Error::EpochAhead`], [`Error::HistoryGone`], [`Error::NoHistory`], [`Error::Poisoned`];
    /// [`Error::Corrupt`], [`Error::Io`] if the log cannot be read.
    ///
    /// # Cost
    /// Reads the nearest checkpoint at or before `epoch`, and the log from there to `epoch`; holds a copy of all
    /// pages. Without a checkpoint, reads the log from its birth.
    pub fn at(&self, epoch: Epoch) -> Result<Past, Error> {
        token::check()?;
        let newest = self.newest_for(epoch);
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        let (state, _) = self.journal().state_at(epoch)?;
        Ok(Past::new(state, self.lineage().clone()))
    }

    /// Returns the last state with this label.
    ///
    /// # Errors
    /// [`Error::LabelNotFound`], and those of [`Bus::at`].
    ///
    /// # Cost
    /// Reads the indexes, newest first, until one knows the label, then as [`Bus::at`].
    pub fn at_label(&self, wanted: impl Into<Label>) -> Result<Past, Error> {
        let wanted = wanted.into();
        let found = retry_where_gone(self.epoch(), || last_labelled(self, wanted))?;
        self.at(found.ok_or(Error::LabelNotFound { label: wanted })?)
    }

    /// Returns the changes of a page, newest first: epoch, bytes before and after, who and where.
    ///
    /// # Errors
    /// [`Error::PageNotFound`] if no such page ever lived in the history kept, and those of [`Bus::at`].
    ///
    /// # Cost
    /// Reads the indexes, and then the commits that touch the page, back to a checkpoint at a time; each of them
    /// twice where there are more than 256 between two checkpoints.
    pub fn history(&self, page: PageId) -> Result<History, Error> {
        token::check()?;
        retry_where_gone(self.epoch(), || History::new(Arc::clone(self.shared()), page))
    }

    /// Visits the commits in the log, oldest first, without their bytes.
    ///
    /// # Errors
    /// As [`Bus::at`].
    pub fn commits(&self) -> Result<Commits, Error> {
        token::check()?;
        let load = |origin: Origin| Ok(origin.heading().texts.clone());
        let (texts, pass) = self.journal().oldest_start(self.epoch(), load)?;
        Ok(Commits::new(texts, pass))
    }

    /// Returns the oldest epoch from which on every state can still be shown. Before it, only those that
    /// [`Bus::tags`] names can.
    #[must_use]
    pub fn oldest(&self) -> Epoch {
        self.journal().oldest()
    }
}

/// Returns the last epoch of each label in the history kept.
pub(crate) fn last_epochs(bus: &Bus) -> Result<BTreeMap<Label, Epoch>, Error> {
    retry_where_gone(bus.epoch(), || read_labels(bus))
}

fn read_labels(bus: &Bus) -> Result<BTreeMap<Label, Epoch>, Error> {
    let extent = bus.journal().extent(bus.epoch())?;
    let mut last: BTreeMap<_, _> = oldest_label(bus, &extent)?.into_iter().collect();
    let labels = bus.journal().indexes().labels(&extent)?;
    last.extend(labels.into_iter().map(|(label, epoch)| (label, Epoch::new(epoch))));
    Ok(last)
}

/// Returns the last state with this label in the history kept.
fn last_labelled(bus: &Bus, wanted: Label) -> Result<Option<Epoch>, Error> {
    let extent = bus.journal().extent(bus.epoch())?;
    if let Some(found) = bus.journal().indexes().last_labelled(&extent, wanted)? {
        return Ok(Some(Epoch::new(found)));
    }
    let oldest = oldest_label(bus, &extent)?;
    Ok(oldest.filter(|&(label, _)| label == wanted).map(|(_, epoch)| epoch))
}

/// Returns the label of the oldest state, whose commit need not be in the log.
fn oldest_label(bus: &Bus, extent: &Extent) -> Result<Option<(Label, Epoch)>, Error> {
    bus.journal().kept_at(Epoch::new(extent.oldest), |origin| {
        let heading = origin.heading();
        Ok(heading.label.map(|label| (label, heading.epoch)))
    })
}
