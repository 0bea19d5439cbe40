//! The recovery rule: where a log ends, and whether that end is legal.
//!
//! The first bad record ends the log, unless a later valid mark says that the record's number was durable:
//! then bytes are damaged that someone was promised, and nobody cuts them by himself. After a power cut a
//! later write may have landed and a middle one not; such an end is legal, for nothing synced is behind it.
//!
//! Invariant: a scan changes nothing.

use mmsb_types::Lsn;

use crate::{
    Cursor, Fault, LogDir, LogError, Mark,
    dir::io_error,
    mark::{MARK_BYTES, MARK_MAGIC},
    reader::{Record, Stop, Walk},
    vfs::Access,
};

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Where the log ends: behind its last good record.
    pub end: Cursor,
    /// Last number known to be durable.
    pub synced_through: u64,
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
    /// First byte of it, as an offset in the segment's file.
    pub offset: u64,
    /// The number it should have; for a mark, that of the frame before.
    pub number: u64,
    /// What is wrong.
    pub fault: Fault,
    /// A later valid mark says that it was durable.
    pub covered: bool,
}

impl Scan {
    /// Scans the log of `dir` from its birth.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if damage is covered by a later mark; [`LogError::Io`].
    ///
    /// # Cost
    /// One pass over the log, checksums included; memory of one read window.
    pub fn run(dir: &LogDir) -> Result<Self, LogError> {
        let mut scanner = Scanner::start(dir)?;
        match scanner.find_end()? {
            None => Ok(scanner.scan(Tail::Clean { closed: scanner.closed })),
            Some(bad) if bad.covered => Err(scanner.corrupt(bad)),
            Some(bad) => Ok(scanner.scan(Tail::Torn(bad))),
        }
    }

    /// As [`Scan::run`], beside a live writer: damage is looked at once more before it is believed.
    ///
    /// # Errors
    /// As [`Scan::run`].
    pub fn run_beside_writer(dir: &LogDir) -> Result<Self, LogError> {
        // A batch caught half-written looks torn, and once a later one has landed, damaged; by then the
        // first has landed, too, so a second reading tells.
        Self::run(dir).or_else(|_| Self::run(dir))
    }
}

/// A walk that counts, remembers the last mark, and judges faults.
pub(crate) struct Scanner {
    pub(crate) walk: Walk,
    pub(crate) frame_count: u64,
    pub(crate) mark_count: u64,
    synced_through: u64,
    closed: bool,
    /// Behind the last mark: up to here the chain is known to be right.
    trusted: Cursor,
    file: std::path::PathBuf,
}

impl Scanner {
    pub(crate) fn start(dir: &LogDir) -> Result<Self, LogError> {
        let file = dir.open_segment(Access::ReadOnly)?;
        let path = dir.segment_path();
        let bytes = file.len().map_err(io_error("measuring", &path, 0))?;
        let first = Cursor::first(dir);
        let walk = Walk::new(dir, file, first, Lsn::new(dir.segment().first_lsn.get() + bytes));
        let (frame_count, mark_count, synced_through) = (0, 0, first.number);
        let closed = false;
        Ok(Self { walk, frame_count, mark_count, synced_through, closed, trusted: first, file: path })
    }

    /// Walks to the first record that is not good; `None` if the bytes, or zeros, end there.
    pub(crate) fn find_end(&mut self) -> Result<Option<BadRecord>, LogError> {
        loop {
            match self.walk.step() {
                Ok(Record::Frame(_)) => {
                    self.frame_count += 1;
                    self.closed = false;
                }
                Ok(Record::Mark(mark)) => self.count_mark(&mark),
                Err(Stop::End) => return Ok(None),
                Err(Stop::Io(error)) => return Err(error),
                Err(Stop::Fault(fault)) => return self.judge(fault),
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn corrupt(&self, bad: BadRecord) -> LogError {
        LogError::Corrupt {
            file: self.file.clone(),
            offset: bad.offset,
            number: bad.number,
            fault: bad.fault,
        }
    }

    pub(crate) fn scan(&self, tail: Tail) -> Scan {
        Scan {
            end: self.walk.cursor(),
            synced_through: self.synced_through,
            frame_count: self.frame_count,
            mark_count: self.mark_count,
            tail,
        }
    }

    fn count_mark(&mut self, mark: &Mark) {
        self.mark_count += 1;
        self.synced_through = mark.synced_through;
        self.closed = mark.closing;
        self.trusted = self.walk.cursor();
    }

    fn judge(&mut self, fault: Fault) -> Result<Option<BadRecord>, LogError> {
        let offset = self.walk.offset();
        let number = self.bad_number(&fault, offset)?;
        let covered = self.is_covered(offset, number)?;
        if fault == Fault::Zeros && !covered && self.only_zeros_from(offset)? {
            return Ok(None);
        }
        if let Fault::Chain { .. } = fault {
            // Some record since the last mark is not the one that was written: none of them counts.
            self.frame_count -= self.walk.cursor().number - self.trusted.number;
            self.walk.jump(self.trusted);
        }
        Ok(Some(BadRecord { offset, number, fault, covered }))
    }

    fn bad_number(&mut self, fault: &Fault, offset: u64) -> Result<u64, LogError> {
        if let Fault::Chain { .. } = fault {
            return Ok(self.trusted.number + 1);
        }
        let is_mark = Mark::looks_like(self.walk.look(offset, MARK_BYTES)?);
        Ok(self.walk.cursor().number + u64::from(!is_mark))
    }

    /// Looks for a valid mark from `offset` on that says `number` was durable.
    fn is_covered(&mut self, offset: u64, number: u64) -> Result<bool, LogError> {
        let mut from = offset;
        while let Some((at, mark)) = self.walk.find_mark(from)? {
            if mark.synced_through >= number {
                return Ok(true);
            }
            from = at + 8;
        }
        Ok(false)
    }

    fn only_zeros_from(&mut self, offset: u64) -> Result<bool, LogError> {
        let mut at = offset;
        loop {
            let bytes = self.walk.look(at, SEARCH_BYTES)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if bytes.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            at += bytes.len() as u64;
        }
    }
}

const SEARCH_BYTES: usize = 1 << 18;

impl Walk {
    /// Returns the first valid mark at or behind file offset `from`, and where it starts.
    pub(crate) fn find_mark(&mut self, from: u64) -> Result<Option<(u64, Mark)>, LogError> {
        let (instance, lsn_of_file) = (self.instance(), self.first_lsn());
        let mut at = from.next_multiple_of(8);
        loop {
            let bytes = self.look(at, SEARCH_BYTES)?;
            if bytes.len() < MARK_BYTES {
                return Ok(None);
            }
            let last = bytes.len() - MARK_BYTES;
            for offset in (0..=last).step_by(8).filter(|&offset| bytes[offset + 8..offset + 16] == MARK_MAGIC)
            {
                let place = at + offset as u64;
                let lsn = Lsn::new(lsn_of_file + place);
                if let Ok(mark) = Mark::parse(&bytes[offset..], instance, lsn) {
                    return Ok(Some((place, mark)));
                }
            }
            at += (last / 8 * 8 + 8) as u64;
        }
    }
}
