//! Reading a log: verifies every byte and yields commits; it never applies them.
//!
//! Invariant: what comes out was written by this bus, whole, in order and without a gap.

use std::{path::PathBuf, sync::Arc};

use mmsb_types::{Epoch, Lsn};

use crate::{
    Fault, Frame, LogDir, LogError, Mark,
    dir::io_error,
    frame::{HEADER_BYTES, RecordHead, parse_frame, record_head},
    mark,
    segment::SEGMENT_HEAD_BYTES,
    vfs::{Access, VfsFile},
    window::Window,
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
        let head = dir.segment();
        let lsn = Lsn::new(head.first_lsn.get() + SEGMENT_HEAD_BYTES as u64);
        Self { lsn, number: head.first_number - 1, chain: head.chain }
    }
}

/// One record that was read.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A commit.
    Frame(Frame<'a>),
    /// The end of a flushed batch.
    Mark(Mark),
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

/// Walks the records of a log, one after the other, checking each and its place.
///
/// Lower than [`Reader`]: a fault is given back as it is, for the caller to judge.
#[derive(Debug)]
pub(crate) struct Walk {
    window: Window,
    path: PathBuf,
    instance: crate::InstanceId,
    first_lsn: u64,
    cursor: Cursor,
}

/// Why a walk stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// At the end of the bytes, between two records.
    End,
    /// At a record that is not as it should be.
    Fault(Fault),
    /// The operating system refused to read.
    Io(LogError),
}

impl Walk {
    /// Starts at `cursor` and looks at the first `end` bytes of the log's file.
    pub(crate) fn new(dir: &LogDir, file: Arc<dyn VfsFile>, cursor: Cursor, end: Lsn) -> Self {
        let first_lsn = dir.segment().first_lsn.get();
        let window = Window::new(file, end.get() - first_lsn);
        Self { window, path: dir.segment_path(), instance: dir.instance(), first_lsn, cursor }
    }

    /// Returns the place before the next record.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Returns the next record's offset in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.cursor.lsn.get() - self.first_lsn
    }

    /// Returns the bus whose log this is.
    pub(crate) fn instance(&self) -> crate::InstanceId {
        self.instance
    }

    /// Returns the position of the file's first byte.
    pub(crate) fn first_lsn(&self) -> u64 {
        self.first_lsn
    }

    /// Goes on at `cursor`, wherever that is.
    pub(crate) fn jump(&mut self, cursor: Cursor) {
        self.cursor = cursor;
    }

    /// Returns bytes of the file from `offset`, for the search behind a fault.
    pub(crate) fn look(&mut self, offset: u64, want: usize) -> Result<&[u8], LogError> {
        self.window.look(offset, want).map_err(io_error("reading", &self.path, offset))
    }

    /// Tells whether a mark's head comes next; a fault is left for [`Walk::step`] to tell.
    pub(crate) fn at_mark(&mut self) -> bool {
        let offset = self.offset();
        let head = self.window.look(offset, HEADER_BYTES).map(record_head);
        matches!(head, Ok(Ok(RecordHead::Mark(_))))
    }

    /// Reads the next record and steps over it.
    pub(crate) fn step(&mut self) -> Result<Record<'_>, Stop> {
        let (offset, cursor) = (self.offset(), self.cursor);
        let bytes = self.record_bytes(offset)?;
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, bytes).map_err(|error| Stop::Io(failed(error)))?;
        let record = parse(line, self.instance, cursor).map_err(Stop::Fault)?;
        self.cursor = after(cursor, &record, bytes).ok_or(Stop::Fault(Fault::Layout("the log overflows")))?;
        Ok(record)
    }

    /// Returns the next record's length as its head tells it; the file has that many bytes.
    fn record_bytes(&mut self, offset: u64) -> Result<usize, Stop> {
        let have = self.window.remaining(offset);
        if have == 0 {
            return Err(Stop::End);
        }
        let failed = io_error("reading", &self.path, offset);
        let head = self.window.look(offset, HEADER_BYTES).map_err(|error| Stop::Io(failed(error)))?;
        let need = record_head(head).map_err(Stop::Fault)?.bytes();
        if need as u64 > have {
            return Err(Stop::Fault(Fault::CutShort { need: need as u64, have }));
        }
        Ok(need)
    }
}

/// Checks one whole record against the log before it.
fn parse(line: &[u8], instance: crate::InstanceId, cursor: Cursor) -> Result<Record<'_>, Fault> {
    if let RecordHead::Mark(_) = record_head(line)? {
        let mark = Mark::parse(line, instance, cursor.lsn)?;
        return check_mark(&mark, cursor).map(|()| Record::Mark(mark));
    }
    let frame = parse_frame(line)?;
    let expected = cursor.number + 1;
    if frame.number != expected {
        return Err(Fault::Number { expected, found: frame.number });
    }
    Ok(Record::Frame(frame))
}

fn check_mark(mark: &Mark, cursor: Cursor) -> Result<(), Fault> {
    if mark.number != cursor.number {
        return Err(Fault::Number { expected: cursor.number, found: mark.number });
    }
    if mark.synced_through > mark.number {
        return Err(Fault::Layout("a mark claims more than there was"));
    }
    if mark.chain != cursor.chain {
        return Err(Fault::Chain { stored: mark.chain, computed: cursor.chain });
    }
    Ok(())
}

fn after(cursor: Cursor, record: &Record<'_>, bytes: usize) -> Option<Cursor> {
    let lsn = cursor.lsn.checked_add(bytes as u64)?;
    Some(match record {
        Record::Mark(_) => Cursor { lsn, ..cursor },
        Record::Frame(frame) => {
            Cursor { lsn, number: frame.number, chain: mark::chain(cursor.chain, frame.checksum) }
        }
    })
}

/// Yields the commits of a stretch of log that is known to be whole.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    end: Lsn,
}

impl Reader {
    /// Reads the log of `dir` from `start` to `end`, which a scan or the writer named as a good end.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn new(dir: &LogDir, start: Cursor, end: Lsn) -> Result<Self, LogError> {
        let file = dir.open_segment(Access::ReadOnly)?;
        Ok(Self { walk: Walk::new(dir, file, start, end), end })
    }

    /// Returns the place behind the last commit that was yielded.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.walk.cursor()
    }

    /// Returns the next commit, or `None` at the end.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if the log is not as it was when its end was found; [`LogError::Io`].
    pub fn next_commit(&mut self) -> Result<Option<Commit<'_>>, LogError> {
        while !self.at_end() && self.walk.at_mark() {
            let place = self.place();
            if let Err(stop) = self.walk.step().map(drop) {
                return Err(place.explain(stop));
            }
        }
        if self.at_end() {
            return Ok(None);
        }
        let (place, lsn) = (self.place(), self.cursor().lsn);
        match self.walk.step() {
            Ok(Record::Frame(frame)) => Ok(Some(Commit { epoch: Epoch::new(frame.number), lsn, frame })),
            Ok(Record::Mark(_)) => Err(place.explain(Stop::End)),
            Err(stop) => Err(place.explain(stop)),
        }
    }

    fn at_end(&self) -> bool {
        self.cursor().lsn >= self.end
    }

    fn place(&self) -> Place {
        Place { file: self.walk.path.clone(), offset: self.walk.offset(), number: self.cursor().number + 1 }
    }
}

/// Where a record that should be good starts.
struct Place {
    file: PathBuf,
    offset: u64,
    number: u64,
}

impl Place {
    fn explain(self, stop: Stop) -> LogError {
        let Self { file, offset, number } = self;
        match stop {
            Stop::Io(error) => error,
            Stop::Fault(fault) => LogError::Corrupt { file, offset, number, fault },
            Stop::End => {
                let fault = Fault::CutShort { need: HEADER_BYTES as u64, have: 0 };
                LogError::Corrupt { file, offset, number, fault }
            }
        }
    }
}
