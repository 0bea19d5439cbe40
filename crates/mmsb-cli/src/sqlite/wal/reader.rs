//! Reads a log front to back and hands over whole, checked transactions.
//!
//! 1. Bytes are read in chunks that stay in the processor's cache until they are checked.
//! 2. The whole frames of a chunk are checked: salts one by one, checksums side by side.
//! 3. Frames that end a transaction set bounds; when a batch is large enough it is handed over.
//! 4. What lies behind the last bound is carried into the next batch.
//! 5. At the first frame that does not belong, the rest is looked through ([`Tail`]).
//!
//! Invariants: a frame is handed over only if it, and every frame before it, checked. An error is
//! told only after every transaction in front of it was handed over, so what a caller gets depends on
//! the file alone and not on where chunks and batches end. A database never grows by more pages than
//! its transaction holds, so no number in a file makes anyone allocate more than the file.

use std::path::{Path, PathBuf};

use super::{
    batch::{Batch, Bounds},
    checksum::{Checksum, LANES, Mismatch, first_mismatch},
    frame,
    header::WalHeader,
    tail::{End, Tail},
};
use crate::sqlite::{Database, Input, SqliteError};

/// Bytes read at once: well inside the second-level cache, together with what else lives there.
const CHUNK_BYTES: usize = 128 << 10;

/// A batch is handed over at its first end of a transaction behind this many bytes.
const BATCH_BYTES: usize = 2 << 20;

/// What was read, and what was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalSummary {
    /// Transactions handed over.
    pub transaction_count: u64,
    /// Page images in them.
    pub image_count: u64,
    /// Whole frames left out since they bear the salts of an older log.
    pub stale_frame_count: u64,
    /// Whole frames left out since no commit follows them: never ended, or rolled back.
    pub uncommitted_frame_count: u64,
    /// Bytes left out at the end since they are no whole frame.
    pub torn_byte_count: u64,
}

/// A streaming reader of one write-ahead log.
pub struct WalReader {
    input: Input,
    header: WalHeader,
    /// What lies behind the last transaction handed over; its first `carried_checked` bytes are frames
    /// that checked.
    carried: Vec<u8>,
    carried_checked: usize,
    /// The checksum stored in the last frame that checked, or in the header.
    last_checksum: Checksum,
    /// Frames that checked, committed or not.
    frame_count: u64,
    page_count: u32,
    ended: bool,
    failure: Option<SqliteError>,
    summary: WalSummary,
}

impl WalReader {
    /// Opens the log at `path`, packed or not, that belongs to `base`.
    ///
    /// # Errors
    /// Those of [`Input::open`] and [`WalReader::read`].
    pub fn open(path: &Path, base: &Database) -> Result<Self, SqliteError> {
        Self::read(Input::open(path)?, base)
    }

    /// Reads and checks the log's header.
    ///
    /// # Errors
    /// Those of reading; the `Wal..` variants of [`SqliteError`] for a header that is none, damaged or
    /// of an unknown version; [`SqliteError::PageBytesDiffer`] if `base` has other pages.
    pub fn read(mut input: Input, base: &Database) -> Result<Self, SqliteError> {
        let header = WalHeader::read(&mut input)?;
        header.check_base(base, &input)?;
        Ok(Self {
            input,
            header,
            carried: Vec::new(),
            carried_checked: 0,
            last_checksum: header.checksum,
            frame_count: 0,
            page_count: base.page_count(),
            ended: false,
            failure: None,
            summary: WalSummary::default(),
        })
    }

    /// Returns the log's header.
    #[must_use]
    pub fn header(&self) -> &WalHeader {
        &self.header
    }

    /// Returns the input, which knows how far reading has come.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Returns what has been handed over so far, and, at the log's end, what was left out.
    #[must_use]
    pub fn summary(&self) -> WalSummary {
        self.summary
    }

    /// Fills `batch` with the next transactions, one at least, and returns whether there were any.
    ///
    /// # Errors
    /// Those of reading; [`SqliteError::FrameChecksum`], [`SqliteError::FrameSalts`],
    /// [`SqliteError::FramePage`], [`SqliteError::Growth`]. Each is returned once, after all
    /// transactions in front of it; then the log is at its end.
    ///
    /// # Cost
    /// Reading, and checking at about 17 GB/s. Memory: 2 MiB and the longest transaction.
    pub fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, SqliteError> {
        batch.begin(self.summary.transaction_count, self.frame_bytes(), &self.carried);
        let mut span = Filling { checked: self.carried_checked, filled: self.carried.len() };
        while !self.ended && batch.committed() < BATCH_BYTES {
            if let Err(error) = self.read_chunk(batch, &mut span) {
                self.ended = true;
                self.failure = Some(error);
            }
        }
        self.carry(batch, span);
        self.count(batch);
        match self.failure.take_if(|_| batch.bounds.is_empty()) {
            Some(error) => Err(error),
            None => Ok(!batch.bounds.is_empty()),
        }
    }

    fn frame_bytes(&self) -> usize {
        self.header.frame_bytes()
    }

    /// Whole groups of frames, so that all of them are checked side by side.
    fn chunk_bytes(&self) -> usize {
        let group_bytes = LANES * self.frame_bytes();
        (CHUNK_BYTES / group_bytes).max(1) * group_bytes
    }

    fn read_chunk(&mut self, batch: &mut Batch, span: &mut Filling) -> Result<(), SqliteError> {
        let wanted = self.chunk_bytes();
        let got = self.input.fill(batch.room(span.filled, wanted))?;
        span.filled += got;
        let frame_bytes = self.frame_bytes();
        let whole = span.checked + (span.filled - span.checked) / frame_bytes * frame_bytes;
        let end = self.check(&batch.bytes[span.checked..whole]);
        let good =
            span.checked + end.as_ref().map_or(whole - span.checked, |end| end.good_bytes(frame_bytes));
        self.bound(batch, span.checked, good)?;
        span.checked = good;
        match end {
            Some(end) => self.finish(end, batch, *span),
            None if got < wanted => self.finish(End::OfFile, batch, *span),
            None => Ok(()),
        }
    }

    /// Checks salts and checksums of whole frames and returns the first that does not belong.
    fn check(&mut self, frames: &[u8]) -> Option<End> {
        let frame_bytes = self.frame_bytes();
        let mut each = frames.chunks_exact(frame_bytes);
        let stranger = each.position(|bytes| frame::salts(bytes) != self.header.salts);
        let run = &frames[..stranger.map_or(frames.len(), |index| index * frame_bytes)];
        if let Some(Mismatch { index, computed }) =
            first_mismatch(self.header.order, self.last_checksum, run, frame_bytes)
        {
            return Some(End::Mismatch { index, computed });
        }
        if let Some(last) = run.rchunks_exact(frame_bytes).next() {
            self.last_checksum = frame::checksum(last);
        }
        stranger.map(|index| End::Stranger { index })
    }

    /// Refuses a frame of page 0, which no database has.
    fn ensure_page(&self, bytes: &[u8]) -> Result<(), SqliteError> {
        if frame::page_number(bytes) > 0 {
            return Ok(());
        }
        let (path, frame, offset) = self.place();
        Err(SqliteError::FramePage { path, frame, offset })
    }

    /// Sets the bounds of the transactions that end in the checked frames `from..to` of the batch.
    fn bound(&mut self, batch: &mut Batch, from: usize, to: usize) -> Result<(), SqliteError> {
        let frame_bytes = self.frame_bytes();
        for at in (from..to).step_by(frame_bytes) {
            let bytes = &batch.bytes[at..at + frame_bytes];
            self.ensure_page(bytes)?;
            if let Some(pages_after) = frame::commit_pages(bytes) {
                let frames = batch.committed()..at + frame_bytes;
                self.grow(pages_after, frames.len() / frame_bytes)?;
                batch.bounds.push(Bounds { frames, pages_after });
            }
            self.frame_count += 1;
        }
        Ok(())
    }

    /// Takes the database's new size, if its transaction can have led there: every page SQLite adds is
    /// written to the log, but for the one it keeps for locks.
    fn grow(&mut self, after: u32, image_count: usize) -> Result<(), SqliteError> {
        let (before, image_count) = (self.page_count, image_count as u64);
        if u64::from(after) > u64::from(before) + image_count + 1 {
            let (path, frame, offset) = self.place();
            return Err(SqliteError::Growth { path, frame, offset, before, after, image_count });
        }
        self.page_count = after;
        Ok(())
    }

    /// Names the frame behind those that were bounded.
    fn place(&self) -> (PathBuf, u64, u64) {
        let offset = self.header.log_bytes(self.frame_count);
        (self.input.path().to_owned(), self.frame_count + 1, offset)
    }

    /// Ends the log: looks through the rest, and counts or refuses it.
    fn finish(&mut self, end: End, batch: &Batch, span: Filling) -> Result<(), SqliteError> {
        self.ended = true;
        let open_frames = (span.checked - batch.committed()) / self.frame_bytes();
        self.summary.uncommitted_frame_count = open_frames as u64;
        let rest = &batch.bytes[span.checked..span.filled];
        let tail = Tail::read(&mut self.input, &self.header, rest)?;
        self.summary.stale_frame_count = tail.stale_frame_count;
        self.summary.uncommitted_frame_count += tail.own_frame_count;
        self.summary.torn_byte_count = tail.torn_byte_count;
        match tail.commit_index {
            Some(index) => Err(self.refuse(end, &batch.bytes[span.checked..], index)),
            None => Ok(()),
        }
    }

    /// Tells of the frame `bad`, without which the commit `commit_index` frames on makes no sense.
    fn refuse(&self, end: End, bad: &[u8], commit_index: u64) -> SqliteError {
        let (path, frame, offset) = self.place();
        let commit = frame + commit_index;
        match end {
            End::Mismatch { computed, .. } => SqliteError::FrameChecksum {
                path,
                frame,
                offset,
                stored: frame::checksum(bad).value(),
                computed: computed.value(),
                commit,
            },
            End::Stranger { .. } | End::OfFile => SqliteError::FrameSalts { path, frame, offset, commit },
        }
    }

    /// Keeps what lies behind the last bound for the next batch.
    fn carry(&mut self, batch: &Batch, span: Filling) {
        self.carried.clear();
        self.carried_checked = 0;
        if !self.ended {
            self.carried.extend_from_slice(&batch.bytes[batch.committed()..span.filled]);
            self.carried_checked = span.checked - batch.committed();
        }
    }

    fn count(&mut self, batch: &Batch) {
        self.summary.transaction_count += batch.bounds.len() as u64;
        self.summary.image_count += (batch.committed() / self.frame_bytes()) as u64;
    }
}

/// How far a batch's buffer is filled, and how far its frames are checked.
#[derive(Clone, Copy)]
struct Filling {
    checked: usize,
    filled: usize,
}
