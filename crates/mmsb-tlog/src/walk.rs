//! Walking the records of a log, one after the other and from segment to segment.
//!
//! Lower than [`Reader`](crate::Reader): a fault is given back as it is, for the caller to judge.
//!
//! Invariant: a record is given out only if it is whole, in its place, and of this log; a segment is entered
//! only if its head says what the manifest says, and goes on where the records before it ended.

mod enter;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_types::Lsn;

use crate::{
    Cursor, Fault, InstanceId, LogDir, LogError, Manifest, Mark, Record, StateMark,
    dir::io_error,
    frame::{HEADER_BYTES, NUMBER_MAX, RecordHead, frame_mark, parse_headed, record_head},
    mark,
    sync::{Fault as Planted, is_planted},
    window::{Chunk, Window},
};

/// A place in a log from which records are read; it stands before the first segment until it
/// [advances](Walk::advance).
#[derive(Debug)]
pub(crate) struct Walk {
    dir: LogDir,
    manifest: Arc<Manifest>,
    /// Index of the segment behind the one that is open.
    next: usize,
    /// A segment is open, and `window` looks at it.
    is_inside: bool,
    window: Window,
    path: PathBuf,
    /// Position of the open segment's first byte.
    first_lsn: u64,
    /// Bytes from here on are not looked at.
    limit: Lsn,
    cursor: Cursor,
    /// The cursor's chain value is known; if not, the next mark tells it.
    is_chained: bool,
    /// The end of the open segment is the one that the next one tells, whatever stands behind it.
    is_believed: bool,
    effort_spent: u64,
}

/// Why a walk stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// At the end of the segment's bytes, between two records.
    End,
    /// At a record that is bad by itself.
    Record(Fault),
    /// At a whole mark, or the next segment's head, that does not belong to the records before it.
    Batch(Fault),
    /// At the head of the next segment, which is bad or missing.
    Head(Fault),
    /// Not for damage: the operating system refused, or the segment is gone because the log no longer has it.
    Failed(LogError),
}

impl Walk {
    /// Returns the place before the next record.
    #[inline]
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Returns the next record's offset in its file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset_of(self.cursor.lsn)
    }

    /// Returns the place of `lsn` in the open file.
    pub(crate) fn offset_of(&self, lsn: Lsn) -> u64 {
        lsn.get() - self.first_lsn
    }

    /// Returns the bus whose log this is.
    pub(crate) fn instance(&self) -> InstanceId {
        self.manifest.instance
    }

    /// Returns the files of the log, as they were when the walk began.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the position of the open file's first byte.
    pub(crate) fn first_lsn(&self) -> u64 {
        self.first_lsn
    }

    /// Returns the path of the open file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes of the open file that were read last: the record that was stepped over last is among them.
    #[inline]
    pub(crate) fn chunk(&self) -> &Chunk {
        self.window.chunk()
    }

    /// Goes on at `cursor`, wherever in the open file that is; without a chain value, the next mark is believed.
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

    /// Tells what comes next, as far as its head tells.
    pub(crate) fn next_head(&mut self) -> Result<RecordHead, Stop> {
        let offset = self.offset();
        let have = self.window.remaining(offset);
        if have == 0 {
            return Err(self.end(offset));
        }
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, HEADER_BYTES).map_err(|error| Stop::Failed(failed(error)))?;
        let head = record_head(line).map_err(Stop::Record)?;
        if head.bytes() as u64 > have && !is_planted(Planted::SkipLengthCap) {
            return Err(Stop::Record(Fault::CutShort { need: head.bytes() as u64, have }));
        }
        Ok(head)
    }

    /// Reads the next record and steps over it.
    pub(crate) fn step(&mut self) -> Result<Record<'_>, Stop> {
        let head = self.next_head()?;
        self.read(head)
    }

    /// Steps over the next record, a frame of which [`Walk::next_head`] told this, without a look at its body: the next
    /// mark chains what its head says.
    pub(crate) fn skip(&mut self, head: RecordHead) -> Result<(), Stop> {
        let (offset, cursor) = (self.offset(), self.cursor);
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, HEADER_BYTES).map_err(|error| Stop::Failed(failed(error)))?;
        let (number, checksum) = frame_mark(head, line);
        check_number(number, cursor)?;
        let lsn = Lsn::new(cursor.lsn.get() + head.bytes() as u64);
        self.cursor = Cursor { lsn, number, chain: mark::chain(cursor.chain, checksum) };
        Ok(())
    }

    /// Reads the next record, of which [`Walk::next_head`] told this, and steps over it.
    pub(crate) fn read(&mut self, head: RecordHead) -> Result<Record<'_>, Stop> {
        let (offset, cursor, instance) = (self.offset(), self.cursor, self.manifest.instance);
        let failed = io_error("reading", &self.path, offset);
        let line = self.window.look(offset, head.bytes()).map_err(|error| Stop::Failed(failed(error)))?;
        let record = match head {
            RecordHead::Mark(_) => parse_mark(line, instance, cursor, self.is_chained)?,
            RecordHead::State(_) => parse_state(line, instance, cursor)?,
            _ => parse_next(head, line, cursor)?,
        };
        self.cursor = after(cursor, &record, head.bytes())?;
        self.is_chained |= matches!(head, RecordHead::Mark(_));
        Ok(record)
    }

    /// Tells what it means that no byte is left at `offset` of the open file.
    fn end(&self, offset: u64) -> Stop {
        let have = self.window.end();
        match self.segment_bytes() {
            Some(bytes) if offset < bytes => {
                Stop::Record(Fault::CutShort { need: HEADER_BYTES as u64, have: 0 })
            }
            None if offset > have && self.is_inside => Stop::Record(Fault::CutShort { need: offset, have }),
            _ => Stop::End,
        }
    }
}

/// Checks one whole frame against the log before it.
fn parse_next(head: RecordHead, line: &[u8], cursor: Cursor) -> Result<Record<'_>, Stop> {
    let frame = parse_headed(head, line).map_err(Stop::Record)?;
    check_number(frame.number, cursor)?;
    Ok(Record::Frame(frame))
}

/// Checks that a frame is the next one.
fn check_number(found: u64, cursor: Cursor) -> Result<(), Stop> {
    let expected = cursor.number + 1;
    if found == expected { Ok(()) } else { Err(Stop::Record(Fault::Number { expected, found })) }
}

/// Checks one whole mark against the log before it.
fn parse_mark(
    line: &[u8],
    instance: InstanceId,
    cursor: Cursor,
    is_chained: bool,
) -> Result<Record<'_>, Stop> {
    let mark = Mark::parse(line, instance, cursor.lsn).map_err(|fault| match fault {
        Fault::Stray => Stop::Batch(fault),
        _ => Stop::Record(fault),
    })?;
    match misplaced((mark.number, mark.chain), cursor, is_chained) {
        Some(fault) => Err(Stop::Batch(fault)),
        None => Ok(Record::Mark(mark)),
    }
}

/// Checks one whole state mark: it tells a state that the log has made by then.
fn parse_state(line: &[u8], instance: InstanceId, cursor: Cursor) -> Result<Record<'_>, Stop> {
    let state = StateMark::parse(line, instance, cursor.lsn).map_err(Stop::Record)?;
    if state.number > cursor.number {
        return Err(Stop::Record(Fault::Number { expected: cursor.number, found: state.number }));
    }
    Ok(Record::State(state))
}

/// Tells in what a mark, or a segment's head, disagrees with the records before it.
fn misplaced((number, chain): (u64, u32), cursor: Cursor, is_chained: bool) -> Option<Fault> {
    if number != cursor.number {
        return Some(Fault::Number { expected: cursor.number, found: number });
    }
    let is_other = is_chained && chain != cursor.chain;
    is_other.then_some(Fault::Chain { stored: chain, computed: cursor.chain })
}

/// Returns the place behind a record.
fn after(cursor: Cursor, record: &Record<'_>, bytes: usize) -> Result<Cursor, Stop> {
    let lsn = Lsn::new(cursor.lsn.get() + bytes as u64);
    match record {
        Record::Mark(mark) => Ok(Cursor { lsn, chain: mark.chain, ..cursor }),
        Record::State(_) => Ok(Cursor { lsn, ..cursor }),
        Record::Frame(frame) if frame.number > NUMBER_MAX => {
            Err(Stop::Record(Fault::Layout("the number is beyond the largest")))
        }
        Record::Frame(frame) => {
            Ok(Cursor { lsn, number: frame.number, chain: mark::chain(cursor.chain, frame.checksum) })
        }
    }
}
