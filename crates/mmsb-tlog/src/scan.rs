//! The recovery rule: where a log ends, and whether that end is legal.
//!
//! The first bad record ends the log, unless a later valid mark says that the record's number was durable:
//! then bytes are damaged that someone was promised, and nobody cuts them by himself. After a power cut a
//! later write may have landed and a middle one not; such an end is legal, for nothing synced is behind it.
//!
//! Invariant: a scan changes nothing.

mod coverage;
mod durable;
mod scanner;

use mmsb_types::Lsn;

use crate::{Cursor, Fault, LogDir, LogError};

pub(crate) use self::scanner::{At, Found, Scanner, Step};

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Where the log ends: behind its last good record.
    pub end: Cursor,
    /// Last number known to be durable.
    pub synced_through: u64,
    /// Every byte before it is known to be durable; what is behind it may be in the system's memory only, though
    /// it reads well.
    pub durable_end: Lsn,
    /// How many frames there are.
    pub frame_count: u64,
    /// How many marks there are.
    pub mark_count: u64,
    /// What is behind the end.
    pub tail: Tail,
}

/// What is behind a log's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, or only zeros; `closed` after a clean stop.
    Clean {
        /// The last record is a closing mark.
        closed: bool,
    },
    /// Bytes that never were durable: legal after a crash, cut before anything is appended.
    Torn(BadRecord),
}

/// A record that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// The segment that holds it: `seg-<segment>`.
    pub segment: u64,
    /// First byte of it, as an offset in the segment's file; 0 for the segment's head, or all of it. If a mark disowns the records before it, the
    /// first of those.
    pub offset: u64,
    /// The number it should have; for a mark, that of the frame before; for a segment's head, 0.
    pub number: u64,
    /// What is wrong.
    pub fault: Fault,
    /// A later valid mark, the next segment's head or the manifest says that it was durable.
    pub covered: bool,
}

impl Scan {
    /// Returns what a scan of a log finds to which nothing was written yet; reads nothing.
    ///
    /// For the writer that has just created `dir`, on any disk, even one that keeps no bytes.
    #[must_use]
    pub fn empty(dir: &LogDir) -> Self {
        let end = dir.manifest().last_segment().cursor();
        let tail = Tail::Clean { closed: false };
        Self { end, synced_through: end.number, durable_end: end.lsn, frame_count: 0, mark_count: 0, tail }
    }

    /// Scans the log of `dir` from its first record.
    ///
    /// # Errors
    /// As [`Scan::from`].
    ///
    /// # Cost
    /// As [`Scan::from`].
    pub fn run(dir: &LogDir) -> Result<Self, LogError> {
        Self::from(dir, Cursor::first(dir))
    }

    /// Scans the log of `dir` from `start`, the place of a checkpoint, which is durable: the counts are of what
    /// is behind it.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if durable bytes are damaged; [`LogError::HistoryGone`] if the log begins behind
    /// `start`; [`LogError::Io`].
    ///
    /// # Cost
    /// One pass over the log, checksums included, and one over what is behind a bad record; memory of one
    /// read window.
    pub fn from(dir: &LogDir, start: Cursor) -> Result<Self, LogError> {
        let mut scanner = Scanner::start(dir, start)?;
        let end = scanner.find_end()?;
        scanner.conclude(end)
    }

    /// As [`Scan::run`], beside a live writer: damage is looked at once more before it is believed.
    ///
    /// # Errors
    /// As [`Scan::from`]; [`LogError::HistoryGone`], too, if the writer has retired segments since `dir` was
    /// opened: [`LogDir::reopen`] finds what there is now.
    pub fn run_beside_writer(dir: &LogDir) -> Result<Self, LogError> {
        Self::from_beside_writer(dir, Cursor::first(dir))
    }

    /// As [`Scan::from`], beside a live writer.
    ///
    /// # Errors
    /// As [`Scan::run_beside_writer`].
    pub fn from_beside_writer(dir: &LogDir, start: Cursor) -> Result<Self, LogError> {
        let mut scanner = Scanner::start(dir, start)?;
        let mut doubted = 0;
        loop {
            match scanner.find_end()? {
                // A batch that was caught half-written has landed by the time a later mark covers it, so a
                // second look at the same place tells damage from haste.
                Some(found) if found.record.covered && found.before.lsn.get() > doubted => {
                    doubted = found.before.lsn.get();
                    scanner.read_again();
                }
                end => return scanner.conclude(end),
            }
        }
    }
}
