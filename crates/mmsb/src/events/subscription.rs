//! Reading along with a live bus.
//!
//! A subscription is a place in the log, and reads on from there when it is asked.
//!
//! Invariant: what was told and what was said to be missed are all epochs behind the one where it began, in order.

use std::{fmt, sync::Arc, time::Duration};

use mmsb_tlog::Followed;
use mmsb_types::{Epoch, env};

use super::{Event, EventFilter, Follower};
use crate::{Bus, Error, texts::Texts};

/// So many commits may wait for a subscriber, unless he says otherwise.
const WAITING_MAX: u64 = 1 << 16;

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// What a commit did.
    Event(Event),
    /// More commits waited than the subscription bounds, or the log gave them up: these are not told. What the log
    /// still has of them, [`Bus::events`] reads again.
    Missed {
        /// The first of them.
        from: Epoch,
        /// The last of them.
        to: Epoch,
    },
}

/// What happens on a bus, from when it was subscribed to on; made by [`Bus::subscribe`].
///
/// As an iterator it waits for the next news, and ends when the bus is stopped and everything is told, or behind an
/// error. Dropping it ends it; it does not keep the bus from ending.
pub struct Subscription {
    log: Follower,
    filter: EventFilter,
    waiting_max: u64,
    texts: Texts,
    is_over: bool,
}

impl Bus {
    /// Subscribes to what happens from now on: every commit that is begun after this returns is told, once it is
    /// visible, durable or not; and perhaps some that were under way.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::{EventFilter, News};
    ///
    /// let bus = mmsb::Bus::in_memory()?;
    /// let mut news = bus.subscribe(EventFilter::all())?;
    /// let page = bus.create_page("score", 8)?;
    /// bus.write(page, 0, &[1, 2])?;
    /// let mut told = Vec::new();
    /// while let Some(News::Event(event)) = news.try_next()? {
    ///     told.push(event);
    /// }
    /// assert_eq!(told[1].to_string(), "e2; page:1 0+2");
    /// assert_eq!(told, bus.events(..)?.collect::<Result<Vec<_>, _>>()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NoHistory`] if the bus keeps nothing, [`Error::Poisoned`], [`Error::Busy`].
    ///
    /// # Cost
    /// None to those who commit.
    pub fn subscribe(&self, filter: EventFilter) -> Result<Subscription, Error> {
        let log = Follower::new(Arc::clone(self.shared()))?;
        let texts = log.bus().texts_as_of(log.epoch())?;
        Ok(Subscription { log, filter, waiting_max: WAITING_MAX, texts, is_over: false })
    }
}

impl Subscription {
    /// Lets at most so many commits wait, whether or not they pass the filter: once there are more, they are missed
    /// together, and it goes on with the newest. If not said, 65,536.
    #[must_use]
    pub fn waiting_at_most(self, commits: u64) -> Self {
        Self { waiting_max: commits, ..self }
    }

    /// Returns the last epoch that is dealt with: told, passed over by the filter, missed, or before the first.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.log.epoch()
    }

    /// Tells whether nothing more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the next news, if there are any by now.
    ///
    /// # Errors
    /// [`Error::Poisoned`] behind the last commit that can still be read; [`Error::Corrupt`], [`Error::Io`] if the log
    /// cannot be read, [`Error::Busy`]. Nothing comes behind an error.
    ///
    /// # Cost
    /// Writes what is visible and not written yet, reads the log.
    pub fn try_next(&mut self) -> Result<Option<News>, Error> {
        let next = if self.is_over { Ok(None) } else { self.look() };
        self.is_over |= next.is_err();
        next
    }

    /// Returns the next news; waits for them until `timeout` has passed, or the bus is stopped.
    ///
    /// # Errors
    /// As [`Subscription::try_next`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<News>, Error> {
        let start = env::now();
        self.receive(|| timeout.saturating_sub(start.elapsed()))
    }

    fn receive(&mut self, left: impl Fn() -> Duration) -> Result<Option<News>, Error> {
        loop {
            let next = self.try_next()?;
            let left = left();
            if next.is_some() || self.is_over || left.is_zero() {
                return Ok(next);
            }
            if self.log.wait(left)? == Followed::Ended {
                return self.receive_last();
            }
        }
    }

    /// Returns what was published before the end, and then why there is one, if it is not a stop.
    fn receive_last(&mut self) -> Result<Option<News>, Error> {
        let last = self.try_next()?;
        self.is_over = last.is_none();
        if self.is_over {
            self.log.log()?.check_poison()?;
        }
        Ok(last)
    }

    /// Goes on in the log until there are news, or nothing is left.
    fn look(&mut self) -> Result<Option<News>, Error> {
        loop {
            let newest = self.log.bus().journal.newest();
            if newest.get().saturating_sub(self.epoch().get()) > self.waiting_max {
                return self.miss().map(Some);
            }
            let texts = &mut self.texts;
            match self.log.visit(newest, |commit| Event::read(commit, texts)) {
                Ok(Some(event)) if !self.filter.passes(&event) => {}
                Ok(event) => return Ok(event.map(News::Event)),
                Err(Error::HistoryGone { .. }) => return self.miss().map(Some),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives up what waits, and goes on with the newest.
    fn miss(&mut self) -> Result<News, Error> {
        let from = Epoch::new(self.epoch().get() + 1);
        let to = self.log.skip()?;
        self.texts = self.log.bus().texts_as_of(to)?;
        Ok(News::Missed { from, to })
    }
}

impl Iterator for Subscription {
    type Item = Result<News, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut next = Ok(None);
        while !self.is_over && matches!(next, Ok(None)) {
            next = self.receive(|| Duration::MAX);
        }
        next.transpose()
    }
}

impl fmt::Debug for Subscription {
    /// Where it is, not what it reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("epoch", &self.epoch())
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
