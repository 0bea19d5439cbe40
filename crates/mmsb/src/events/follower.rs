//! Reading the log behind those who commit: a place in it, and what goes on from there.
//!
//! What is visible and not yet in the file is written by whoever reads on. So nothing is queued, committers hand
//! nothing over, and no lock is held between two reads.
//!
//! Invariant: commits are shown in order, none twice and none left out, but by [`Follower::skip`].

use std::{sync::Arc, time::Duration};

use mmsb_tlog::{Commit, Cursor, Followed, Log, Reader};
use mmsb_types::Epoch;

use crate::{Error, bus::Inner};

/// A follower who waits looks that often even if nobody wakes him: a log without threads of its own is written by who
/// asks for it.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// A place in the log of a live bus.
pub(crate) struct Follower {
    bus: Arc<Inner>,
    /// Behind the last commit that was read; while there is a reader, it knows better.
    at: Cursor,
    /// Reads what was written when it was made.
    reader: Option<Reader>,
}

impl Follower {
    /// Begins behind the newest commit; what is behind that is written first.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NoHistory`] if the bus keeps nothing, [`Error::Poisoned`], [`Error::Busy`].
    pub(crate) fn new(bus: Arc<Inner>) -> Result<Self, Error> {
        bus.journal.log()?;
        let at = bus.journal.written_place(bus.journal.newest())?;
        Ok(Self { bus, at, reader: None })
    }

    pub(crate) fn bus(&self) -> &Arc<Inner> {
        &self.bus
    }

    /// Returns the epoch of the last commit that was read.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.reader.as_ref().map_or(self.at, Reader::cursor).number)
    }

    /// Shows the next commit to `look`; `None` if `newest`, which is published, was read.
    ///
    /// # Errors
    /// [`Error::HistoryGone`], [`Error::Poisoned`], [`Error::Corrupt`], also for what `look` says does not fit,
    /// [`Error::Io`].
    pub(crate) fn visit<T>(
        &mut self,
        newest: Epoch,
        mut look: impl FnMut(&Commit<'_>) -> Result<T, String>,
    ) -> Result<Option<T>, Error> {
        loop {
            let seen = self.read(&mut look)?;
            if seen.is_some() || self.at.number >= newest.get() {
                return Ok(seen);
            }
            self.open(newest)?;
        }
    }

    /// Goes on behind the newest commit, and returns the epoch of that.
    ///
    /// # Errors
    /// As [`Follower::new`].
    pub(crate) fn skip(&mut self) -> Result<Epoch, Error> {
        self.reader = None;
        self.at = self.bus.journal.written_place(self.bus.journal.newest())?;
        Ok(self.epoch())
    }

    /// Waits until there is more to read, the log has ended, or `timeout`, or a tenth of a second, has passed.
    pub(crate) fn wait(&self, timeout: Duration) -> Result<Followed, Error> {
        Ok(self.log()?.follow(self.epoch().get(), timeout.min(WAIT_MAX)))
    }

    pub(crate) fn log(&self) -> Result<&Log, Error> {
        self.bus.journal.log()
    }

    /// Reads the next commit of what was written when the reader was made.
    fn read<T>(
        &mut self,
        look: &mut impl FnMut(&Commit<'_>) -> Result<T, String>,
    ) -> Result<Option<T>, Error> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let (kept, number) = (self.bus.journal.kept(), reader.cursor().number);
        if let Some(commit) = reader.next_commit().map_err(|error| kept.failed(error, number))? {
            return look(&commit).map(Some).map_err(|what| kept.does_not_fit(&commit, what));
        }
        self.at = reader.cursor();
        self.reader = None;
        Ok(None)
    }

    /// Begins to read what is written by now; if that is nothing, what is published is written first.
    fn open(&mut self, newest: Epoch) -> Result<(), Error> {
        let mut end = self.log()?.written_end();
        if end.number <= self.at.number {
            end = self.bus.journal.written_place(newest)?;
        }
        self.reader = Some(self.bus.journal.kept().reader(self.at, end.lsn)?);
        Ok(())
    }
}
