//! Reading a log: verifies every byte and yields commits; it never applies them.
//!
//! Invariant: what comes out was written by this bus, whole, in order and without a gap.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_types::{Epoch, Lsn};

use crate::{
    Fault, Frame, LogDir, LogError, Mark,
    dir::io_error,
    frame::{HEADER_BYTES, NUMBER_MAX, RecordHead, parse_frame, record_head},
    mark,
    segment::LSN_MAX,
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
    /// The cursor's chain value is known; if not, the next mark tells it.
    is_chained: bool,
    effort_spent: u64,
}

/// Why a walk stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// At the end of the bytes, between two records.
    End,
    /// At a record that is bad by itself.
    Record(Fault),
    /// At a whole mark that does not belong to the records before it.
    Batch(Fault),
    /// The operating system refused to read.
    Io(LogError),
}

impl Walk {
    /// Starts at `cursor` and looks at the first `end` bytes of the log's file.
    pub(crate) fn new(dir: &LogDir, file: Arc<dyn VfsFile>, cursor: Cursor, end: Lsn) -> Self {
        let head = dir.manifest().last_segment();
        let first_lsn = head.first_lsn.get();
        let window = Window::new(file, end.get().saturating_sub(first_lsn));
        let (path, instance) = (dir.segment_path(&head), dir.instance());
        Self { window, path, instance, first_lsn, cursor, is_chained: true, effort_spent: 0 }
    }

    /// Returns the place before the next record.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Returns the next record's offset in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset_of(self.cursor.lsn)
    }

    /// Returns the place of `lsn` in the file.
    pub(crate) fn offset_of(&self, lsn: Lsn) -> u64 {
        lsn.get() - self.first_lsn
    }

    /// Returns the bus whose log this is.
    pub(crate) fn instance(&self) -> crate::InstanceId {
        self.instance
    }

    /// Returns the position of the file's first byte.
    pub(crate) fn first_lsn(&self) -> u64 {
        self.first_lsn
    }

    /// Goes on at `cursor`, wherever that is; without a chain value, the next mark is believed.
    pub(crate) fn jump(&mut self, cursor: Cursor, is_chained: bool) {
        self.cursor = cursor;
        self.is_chained = is_chained;
    }

    /// Tells whether the chain value at the cursor is known.
    pub(crate) fn is_chained(&self) -> bool {
        self.is_chained
    }

    /// Forgets the bytes that were read: they are read again.
    pub(crate) fn forget(&mut self) {
        self.window.forget();
    }

    /// Counts the effort of a search; `false` once `most` is spent.
    pub(crate) fn spend(&mut self, effort: u64, most: u64) -> bool {
        self.effort_spent = self.effort_spent.saturating_add(effort);
        self.effort_spent <= most
    }

    /// Reads a few bytes at `offset`, leaving the window where it is; returns how many there are.
    pub(crate) fn peek(&mut self, offset: u64, bytes: &mut [u8]) -> Result<usize, LogError> {
        self.window.peek(offset, bytes).map_err(io_error("reading", &self.path, offset))
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
        let head = self.head(offset)?;
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, head.bytes()).map_err(|error| Stop::Io(failed(error)))?;
        let record = match head {
            RecordHead::Mark(_) => parse_mark(line, self.instance, cursor, self.is_chained)?,
            _ => parse_next(line, cursor)?,
        };
        self.cursor = after(cursor, &record, head.bytes())?;
        self.is_chained |= matches!(head, RecordHead::Mark(_));
        Ok(record)
    }

    /// Returns the next record's head; the file has as many bytes as it tells.
    fn head(&mut self, offset: u64) -> Result<RecordHead, Stop> {
        let have = self.window.remaining(offset);
        if have == 0 {
            return Err(Stop::End);
        }
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, HEADER_BYTES).map_err(|error| Stop::Io(failed(error)))?;
        let head = record_head(line).map_err(Stop::Record)?;
        if head.bytes() as u64 > have {
            return Err(Stop::Record(Fault::CutShort { need: head.bytes() as u64, have }));
        }
        Ok(head)
    }
}

/// Checks one whole frame against the log before it.
fn parse_next(line: &[u8], cursor: Cursor) -> Result<Record<'_>, Stop> {
    let frame = parse_frame(line).map_err(Stop::Record)?;
    let expected = cursor.number + 1;
    if frame.number != expected {
        return Err(Stop::Record(Fault::Number { expected, found: frame.number }));
    }
    Ok(Record::Frame(frame))
}

/// Checks one whole mark against the log before it.
fn parse_mark(
    line: &[u8],
    instance: crate::InstanceId,
    cursor: Cursor,
    is_chained: bool,
) -> Result<Record<'_>, Stop> {
    let mark = Mark::parse(line, instance, cursor.lsn).map_err(|fault| match fault {
        Fault::Stray => Stop::Batch(fault),
        _ => Stop::Record(fault),
    })?;
    match misplaced(&mark, cursor, is_chained) {
        Some(fault) => Err(Stop::Batch(fault)),
        None => Ok(Record::Mark(mark)),
    }
}

/// Tells in what a whole mark disagrees with the records before it.
fn misplaced(mark: &Mark, cursor: Cursor, is_chained: bool) -> Option<Fault> {
    if mark.number != cursor.number {
        return Some(Fault::Number { expected: cursor.number, found: mark.number });
    }
    let is_other = is_chained && mark.chain != cursor.chain;
    is_other.then_some(Fault::Chain { stored: mark.chain, computed: cursor.chain })
}

/// Returns the place behind a record.
fn after(cursor: Cursor, record: &Record<'_>, bytes: usize) -> Result<Cursor, Stop> {
    let lsn = Lsn::new(cursor.lsn.get() + bytes as u64);
    match record {
        Record::Mark(mark) => Ok(Cursor { lsn, chain: mark.chain, ..cursor }),
        Record::Frame(frame) if frame.number > NUMBER_MAX => {
            Err(Stop::Record(Fault::Layout("the number is beyond the largest")))
        }
        Record::Frame(frame) => {
            Ok(Cursor { lsn, number: frame.number, chain: mark::chain(cursor.chain, frame.checksum) })
        }
    }
}

/// Yields the commits of a stretch of log that is known to be whole.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    end: Lsn,
    path: PathBuf,
}

impl Reader {
    /// Reads the log of `dir` from `start` to `end`, which a scan or the writer named as a good end.
    ///
    /// # Errors
    /// [`LogError::HistoryGone`] if the log in `dir` begins behind `start`; [`LogError::Io`].
    pub fn new(dir: &LogDir, start: Cursor, end: Lsn) -> Result<Self, LogError> {
        let first = Cursor::first(dir);
        if start.lsn < first.lsn {
            return Err(LogError::HistoryGone { oldest: first.number });
        }
        let head = dir.manifest().last_segment();
        let file = dir.open_segment(&head, Access::ReadOnly)?;
        Ok(Self { walk: Walk::new(dir, file, start, end), end, path: dir.segment_path(&head) })
    }

    /// Returns the place behind the last commit that was yielded.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.walk.cursor()
    }

    /// Returns the next commit, or `None` at the end.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if the log is not as it was when its end was found; [`LogError::Io`]. The next
    /// call tries the same record again.
    pub fn next_commit(&mut self) -> Result<Option<Commit<'_>>, LogError> {
        while !self.at_end() && self.walk.at_mark() {
            self.step()?;
        }
        if self.at_end() {
            return Ok(None);
        }
        let lsn = self.cursor().lsn;
        let Record::Frame(frame) = self.step()? else { unreachable!("marks were stepped over above") };
        Ok(Some(Commit { epoch: Epoch::new(frame.number), lsn, frame }))
    }

    fn at_end(&self) -> bool {
        self.cursor().lsn >= self.end
    }

    fn step(&mut self) -> Result<Record<'_>, LogError> {
        let (offset, number) = (self.walk.offset(), self.cursor().number + 1);
        let path = &self.path;
        self.walk.step().map_err(|stop| explain(stop, path, offset, number))
    }
}

/// Names the place at which a record is not as it should be.
fn explain(stop: Stop, file: &Path, offset: u64, number: u64) -> LogError {
    let fault = match stop {
        Stop::Io(error) => return error,
        Stop::Record(fault) | Stop::Batch(fault) => fault,
        Stop::End => Fault::CutShort { need: HEADER_BYTES as u64, have: 0 },
    };
    LogError::Corrupt { file: file.to_owned(), offset, number, fault }
}
