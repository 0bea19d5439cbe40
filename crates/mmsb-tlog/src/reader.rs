//! Reading a log: verifies every byte of what it yields; it never applies anything.
//!
//! Invariant: what comes out was written by this bus, whole, in order and without a gap.

use std::path::{Path, PathBuf};

use mmsb_types::{Epoch, Lsn};

use crate::{
    Fault, Frame, LogDir, LogError, Mark, StateMark,
    frame::{HEADER_BYTES, NUMBER_MAX, RecordHead},
    segment::LSN_MAX,
    walk::{Stop, Walk},
};

/// A place between two records, and what the log before it amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Where the next record starts.
    pub lsn: Lsn,
    /// Number of the last frame before it; 0 at the log's birth.
    pub number: u64,
    /// Chained checksum of the frames before it.
    pub chain: u32,
}

impl Cursor {
    /// Returns the place of the first record of the log in `dir`.
    #[must_use]
    pub fn first(dir: &LogDir) -> Self {
        dir.manifest().first_cursor()
    }

    /// Tells whether a log can have such a place.
    pub(crate) fn is_possible(&self) -> bool {
        self.number <= NUMBER_MAX && self.lsn.get() <= 2 * LSN_MAX
    }
}

/// One record that was read.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A commit.
    Frame(Frame<'a>),
    /// The end of a flushed batch.
    Mark(Mark),
    /// The hash of a state.
    State(StateMark),
}

/// One commit that was read.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// The state it makes.
    pub epoch: Epoch,
    /// Where its frame starts.
    pub lsn: Lsn,
    /// Its sections and deltas.
    pub frame: Frame<'a>,
}

/// Yields the commits of a stretch of log that is known to be whole, from segment to segment.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    end: Lsn,
    /// The walk's own, apart from it: to name a record that the walk still lends.
    path: PathBuf,
}

impl Reader {
    /// Reads the log of `dir` from `start` to `end`, which a scan or the writer named as a good end.
    ///
    /// # Errors
    /// [`LogError::HistoryGone`] if the log in `dir` begins behind `start`; [`LogError::Corrupt`] if the segment
    /// that holds `start` is missing; [`LogError::Io`].
    pub fn new(dir: &LogDir, start: Cursor, end: Lsn) -> Result<Self, LogError> {
        let mut reader = Self { walk: Walk::new(dir, start, end)?, end, path: PathBuf::new() };
        reader.advance()?;
        Ok(reader)
    }

    /// Reads from `start` to `end` from now on, as a new reader would, with the file that is open; `false`, and nothing
    /// is changed, if that does not hold all of it.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn go_to(&mut self, start: Cursor, end: Lsn) -> Result<bool, LogError> {
        let has_gone = self.walk.go_to(start, end)?;
        self.end = if has_gone { end } else { self.end };
        Ok(has_gone)
    }

    /// Returns the place behind the last record that was read.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.walk.cursor()
    }

    /// Returns the next commit, or `None` at the end; marks are passed over.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if the log is not as it was when its end was found; [`LogError::HistoryGone`] if the
    /// writer has retired a segment since; [`LogError::Io`]. The next call tries the same record again.
    pub fn next_commit(&mut self) -> Result<Option<Commit<'_>>, LogError> {
        let Some(head) = self.find(is_frame)? else { return Ok(None) };
        let lsn = self.cursor().lsn;
        let Record::Frame(frame) = self.step(head)? else { unreachable!("marks were stepped over above") };
        Ok(Some(Commit { epoch: Epoch::new(frame.number), lsn, frame }))
    }

    /// Goes to the commit `epoch`, or to the end, if that comes first. Of the commits before it only the heads are
    /// read; those of short frames are verified with the next mark, if there is one on the way.
    ///
    /// # Errors
    /// As [`Reader::next_commit`].
    pub fn skip_to(&mut self, epoch: Epoch) -> Result<(), LogError> {
        while self.cursor().number + 1 < epoch.get() {
            let Some(head) = self.find(is_frame)? else { break };
            let (offset, number) = (self.walk.offset(), self.cursor().number + 1);
            self.walk.skip(head).map_err(|stop| explain(stop, &self.path, offset, number))?;
        }
        Ok(())
    }

    /// Returns the next record of any kind, or `None` at the end.
    ///
    /// # Errors
    /// As [`Reader::next_commit`].
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, LogError> {
        self.find(|_| true)?.map(|head| self.step(head)).transpose()
    }

    /// Goes on to the next record whose head is wanted, and returns that; `None` at the end.
    fn find(&mut self, is_wanted: impl Fn(RecordHead) -> bool) -> Result<Option<RecordHead>, LogError> {
        while self.cursor().lsn < self.end {
            let (offset, number) = (self.walk.offset(), self.cursor().number + 1);
            match self.walk.next_head() {
                Err(Stop::End) if self.advance()? => {}
                // Not left to the step behind it: what could not be read may be readable then, and unwanted.
                Err(stop) => return Err(explain(stop, &self.path, offset, number)),
                Ok(head) if !is_wanted(head) => drop(self.step(head)?),
                Ok(head) => return Ok(Some(head)),
            }
        }
        Ok(None)
    }

    fn advance(&mut self) -> Result<bool, LogError> {
        let (offset, number) = (self.walk.offset(), self.cursor().number);
        match self.walk.advance() {
            Err(Stop::Head(fault)) => {
                Err(LogError::Corrupt { file: self.walk.next_path(), offset: 0, number: 0, fault })
            }
            Err(stop) => Err(explain(stop, &self.path, offset, number)),
            Ok(moved) => {
                self.walk.path().clone_into(&mut self.path);
                Ok(moved)
            }
        }
    }

    fn step(&mut self, head: RecordHead) -> Result<Record<'_>, LogError> {
        let (offset, number) = (self.walk.offset(), self.cursor().number + 1);
        let path = &self.path;
        self.walk.read(head).map_err(|stop| explain(stop, path, offset, number))
    }
}

fn is_frame(head: RecordHead) -> bool {
    !matches!(head, RecordHead::Mark(_) | RecordHead::State(_))
}

/// Names the place at which a record is not as it should be.
pub(crate) fn explain(stop: Stop, file: &Path, offset: u64, number: u64) -> LogError {
    let fault = match stop {
        Stop::Failed(error) => return error,
        Stop::Record(fault) | Stop::Batch(fault) | Stop::Head(fault) => fault,
        Stop::End => Fault::CutShort { need: HEADER_BYTES as u64, have: 0 },
    };
    LogError::Corrupt { file: file.to_owned(), offset, number, fault }
}
