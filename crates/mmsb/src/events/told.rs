//! Events that have happened, read again from the log.

use std::{
    ops::{Bound, RangeBounds},
    vec,
};

use mmsb_types::{Epoch, GraphEvent};

use super::Event;
use crate::{Bus, Error, Found, GraphView, Query, wave::token};

/// Events of the past. An error ends it.
pub type Events = Found<Event>;

/// Changes of the graph, each with the commit that made it. An error ends it.
#[derive(Debug)]
pub struct GraphEvents {
    events: Events,
    /// The commit being visited, and what is left of it.
    epoch: Epoch,
    left: vec::IntoIter<GraphEvent>,
}

impl Iterator for GraphEvents {
    type Item = Result<(Epoch, GraphEvent), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.left.next() {
                return Some(Ok((self.epoch, event)));
            }
            match self.events.next()? {
                Ok(Event { epoch, graph, .. }) => (self.epoch, self.left) = (epoch, graph.into_iter()),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Bus {
    /// Returns what the commits that make these states did, oldest first: the very events that a subscriber was told.
    /// Those up to the newest state; without a start, from the oldest that is kept.
    ///
    /// # Errors
    /// [`Error::HistoryGone`] if the log no longer holds the first of them, and those of
    /// [`Query::run`](crate::Query::run).
    ///
    /// # Cost
    /// Reads the log of this range; indexes that were not made yet are made.
    pub fn events(&self, epochs: impl RangeBounds<Epoch>) -> Result<Events, Error> {
        let first = match epochs.start_bound() {
            Bound::Included(first) => Some(first.get().max(1)),
            Bound::Excluded(before) => before.get().checked_add(1),
            Bound::Unbounded => None,
        };
        let events = self.query().epochs(epochs).events()?;
        match first.zip(events.oldest()) {
            Some((first, oldest)) if first <= oldest.get() => {
                Err(Error::HistoryGone { asked: Epoch::new(first), oldest })
            }
            _ => Ok(events),
        }
    }

    /// Returns how the graph changed in these commits, one change after the other. Applied to the graph before them,
    /// they give the one behind them.
    ///
    /// # Errors
    /// As [`Bus::events`].
    pub fn graph_events(&self, epochs: impl RangeBounds<Epoch>) -> Result<GraphEvents, Error> {
        Ok(GraphEvents { events: self.events(epochs)?, epoch: Epoch::ZERO, left: Vec::new().into_iter() })
    }

    /// Returns the graph as it was at `epoch`: `at(epoch)` without its pages.
    ///
    /// # Errors
    /// As [`Bus::at`].
    ///
    /// # Cost
    /// Reads the nearest checkpoint's graph, and the log from there to `epoch`; nothing of any page's bytes.
    pub fn graph_at(&self, epoch: Epoch) -> Result<GraphView, Error> {
        token::check()?;
        let newest = self.newest_for(epoch);
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        let head = self.journal().heading_at(epoch)?;
        Ok(GraphView::new(head.epoch, head.graph, head.names))
    }
}

impl Query<'_> {
    /// Looks for commits as [`Query::run`] does; returns what each of them did.
    ///
    /// # Errors
    /// As [`Query::run`].
    pub fn events(self) -> Result<Events, Error> {
        self.find(Event::read)
    }
}
