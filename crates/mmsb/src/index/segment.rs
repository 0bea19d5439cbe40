//! The index of one segment, as a whole: parts one after the other, and the file `idx-<segment>` they stand in.
//!
//! The file tells which stretch of which log it is about, and the chain value of the log at its end, which all
//! frames before it go into: an index of other bytes is not taken for this one's.
//!
//! Invariant: parts follow each other without a gap, from the segment's first record to its last.

use std::sync::Arc;

use mmsb_tlog::{Cursor, InstanceId, LogDir, Reader, SEGMENT_HEAD_BYTES, SegmentHead, vfs::Access};
use mmsb_types::{Lsn, crc32c};

use super::{
    bytes::{Bytes, Put as _, Unfit},
    part::{Collector, Part},
};
use crate::{Error, kept::Kept};

const MAGIC: [u8; 8] = *b"MMSBIDX\0";
/// Version of the format of index files that this build writes and reads.
const VERSION: u16 = 2;
const CHECKSUM_BYTES: usize = 4;
/// An index is shorter than its segment, but for the least it has.
const BYTES_LEAST: u64 = 64 << 10;
/// Least bytes of a part.
const PART_BYTES_MIN: usize = 144;

/// What is known of a segment, or of its first part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SegmentIndex {
    /// Those that are full are shared by all looks at a segment that grows.
    pub(super) parts: Vec<Arc<Part>>,
    /// Length of its file, about as much as it takes in memory.
    pub(super) bytes: usize,
}

/// Why there is no index to read.
#[derive(Debug)]
pub(super) enum NoIndex {
    /// There is no file.
    Missing,
    /// The file is whole, of an older version.
    Older,
    /// The file is not this segment's index.
    Bad(String),
}

impl NoIndex {
    /// Tells why a file is none.
    pub(super) fn of(file: &[u8], unfit: Unfit) -> Self {
        let is_older = |covered| version(covered).is_some_and(|version| (1..VERSION).contains(&version));
        if check_whole(file).is_ok_and(is_older) { Self::Older } else { Self::Bad(unfit.to_owned()) }
    }

    /// Warns of a file that somebody or something has damaged.
    pub(super) fn warn(&self, head: &SegmentHead) {
        if let Self::Bad(what) = self {
            tracing::warn!(segment = head.segment, what, "an index cannot be used and is made again");
        }
    }
}

impl SegmentIndex {
    /// Makes the index of a stretch, from `start` to `end`, by reading it.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::HistoryGone`], [`Error::Io`].
    pub(super) fn read_log(kept: &Kept, start: Cursor, end: Lsn) -> Result<Self, Error> {
        let mut growing = Growing::new(start);
        growing.grow(kept, end, &|| true)?;
        Ok(growing.index())
    }

    /// Reads the index of the segment `head`, which `end` is the place behind.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn load(dir: &LogDir, head: &SegmentHead, end: Cursor) -> Result<Self, NoIndex> {
        // What the manifest tells of the segment's length is worth as much as the segment has.
        let bytes = end.lsn.get() - head.first_lsn.get();
        let have = dir.open_segment(head, Access::ReadOnly).map(|file| file.len());
        if !matches!(have, Ok(Ok(have)) if have >= bytes) {
            return Err(NoIndex::Bad("its segment is not there, or shorter".to_owned()));
        }
        let bytes_max = BYTES_LEAST + bytes;
        match dir.read_index(head, bytes_max) {
            Ok(None) if matches!(dir.vfs().exists(&dir.index_path(head)), Ok(false)) => Err(NoIndex::Missing),
            Ok(None) => Err(NoIndex::Bad("it is longer than an index can be".to_owned())),
            Ok(Some(bytes)) => {
                let parsed = Self::parse(&bytes, dir.instance(), head, end);
                parsed.map_err(|unfit| NoIndex::of(&bytes, unfit))
            }
            Err(error) => Err(NoIndex::Bad(error.to_string())),
        }
    }

    /// Tells whether there is a file that begins like an index of this version.
    pub(super) fn is_there(dir: &LogDir, head: &SegmentHead) -> bool {
        let Ok(file) = dir.vfs().open(&dir.index_path(head), Access::ReadOnly) else { return false };
        let mut start = [0; 16];
        file.read_at(0, &mut start).is_ok_and(|got| got == 16) && version(&start) == Some(VERSION)
    }

    /// Returns the file's bytes.
    pub(super) fn encode(&self, instance: InstanceId, head: &SegmentHead) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend([0; 6]);
        out.extend(instance.0);
        out.put_u64s([head.segment]);
        out.put_cursor(head.cursor());
        out.put_cursor(self.parts.last().map_or(head.cursor(), |part| part.end));
        out.put_count(self.parts.len());
        self.parts.iter().for_each(|part| part.encode(&mut out));
        let checksum = crc32c(&out);
        out.put_u32s([checksum]);
        out
    }

    pub(super) fn parse(
        file: &[u8],
        instance: InstanceId,
        head: &SegmentHead,
        end: Cursor,
    ) -> Result<Self, Unfit> {
        let bytes = check_file(file)?;
        let mut bytes = Bytes::new(bytes);
        bytes.take(MAGIC.len() + 8)?;
        if *bytes.take(instance.0.len())? != instance.0 {
            return Err("it is the index of another bus");
        }
        let [segment] = bytes.take_u64s()?;
        if segment != head.segment || bytes.take_cursor()? != head.cursor() || bytes.take_cursor()? != end {
            return Err("it is the index of another segment");
        }
        let parts = bytes.take_list(PART_BYTES_MIN, |bytes| Part::parse(bytes).map(Arc::new))?;
        if !bytes.is_empty() {
            return Err("bytes follow its last part");
        }
        let follow = |a: &Arc<Part>, b: &Arc<Part>| a.end == b.start;
        let ends = (parts.first().map(|part| part.start), parts.last().map(|part| part.end));
        if ends != (Some(head.cursor()), Some(end)) || !parts.is_sorted_by(follow) {
            return Err("its parts do not follow each other");
        }
        Ok(Self { parts, bytes: file.len() })
    }
}

/// Reads an index file as that of whatever segment it says, if that has up to `bytes_max`; writes what it says, and
/// reads that: the same, and every question about it is answered. `false` if it is refused.
///
/// # Errors
/// What differs.
pub(crate) fn comes_back(file: &[u8], bytes_max: u64) -> Result<bool, String> {
    let Some((instance, head, end)) = told(file, bytes_max) else { return Ok(false) };
    let Ok(index) = SegmentIndex::parse(file, instance, &head, end) else { return Ok(false) };
    let again = SegmentIndex::parse(&index.encode(instance, &head), instance, &head, end)?;
    if again.parts != index.parts {
        return Err("an index that was read is written as another".to_owned());
    }
    let is_answered = index.parts.iter().all(|part| part.answers());
    is_answered.then_some(true).ok_or_else(|| "an index tells of commits that it does not have".to_owned())
}

/// Returns whose index a file says it is.
fn told(file: &[u8], bytes_max: u64) -> Option<(InstanceId, SegmentHead, Cursor)> {
    let mut bytes = Bytes::new(file.get(16..)?);
    let instance = InstanceId(bytes.take(16).ok()?.try_into().ok()?);
    let ([segment], start, end) =
        (bytes.take_u64s().ok()?, bytes.take_cursor().ok()?, bytes.take_cursor().ok()?);
    let first_lsn = Lsn::new(start.lsn.get().checked_sub(SEGMENT_HEAD_BYTES as u64)?);
    let head = SegmentHead { segment, first_number: start.number + 1, first_lsn, chain: start.chain };
    (end.lsn.get().checked_sub(first_lsn.get())? <= bytes_max).then_some((instance, head, end))
}

/// Checks what tells a whole index of this version; returns all but the checksum.
fn check_file(file: &[u8]) -> Result<&[u8], Unfit> {
    let covered = check_whole(file)?;
    if version(covered) == Some(VERSION) { Ok(covered) } else { Err("it has another version") }
}

/// Checks what tells a whole index of any version; returns all but the checksum.
fn check_whole(file: &[u8]) -> Result<&[u8], Unfit> {
    let (covered, checksum) = file.split_last_chunk::<CHECKSUM_BYTES>().ok_or("it is cut short")?;
    if !covered.starts_with(&MAGIC) {
        return Err("the magic bytes are wrong");
    }
    if u32::from_le_bytes(*checksum) == crc32c(covered) { Ok(covered) } else { Err("the checksum is wrong") }
}

/// Returns the version that the beginning of an index tells.
fn version(file: &[u8]) -> Option<u16> {
    match *file.strip_prefix(&MAGIC)?.first_chunk()? {
        [low, high, 0, 0, 0, 0, 0, 0] => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}

/// The index of a stretch that goes on.
#[derive(Debug)]
pub(super) struct Growing {
    /// Parts that are full.
    parts: Vec<Arc<Part>>,
    last: Collector,
    /// The last part, as it was shown; nothing was added since.
    shown: Option<Arc<Part>>,
}

impl Growing {
    /// Starts with nothing behind `start`.
    pub(super) fn new(start: Cursor) -> Self {
        Self { parts: Vec::new(), last: Collector::new(start, start.number), shown: None }
    }

    /// Returns the place behind the last record that was added.
    pub(super) fn end(&self) -> Cursor {
        self.last.end()
    }

    /// Adds the records up to `end`, as long as `goes_on` says so; `false` if some are left.
    ///
    /// # Errors
    /// As [`SegmentIndex::read_log`]; those before the bad one are added.
    pub(super) fn grow(&mut self, kept: &Kept, end: Lsn, goes_on: &dyn Fn() -> bool) -> Result<bool, Error> {
        if self.end().lsn >= end {
            return Ok(true);
        }
        let mut reader = kept.reader(self.end(), end)?;
        while goes_on() {
            if !self.add(kept, &mut reader)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives up parts before `start`, which nobody can read any more.
    pub(super) fn forget_before(&mut self, start: Cursor) {
        self.parts.retain(|part| part.end.lsn > start.lsn);
    }

    /// Returns the index so far.
    pub(super) fn index(&mut self) -> SegmentIndex {
        let last = self.shown.get_or_insert_with(|| Arc::new(self.last.part()));
        let parts = self.parts.iter().chain([&*last]).map(Arc::clone).collect();
        SegmentIndex { parts, bytes: 0 }
    }

    /// Adds the next record; false at the end.
    fn add(&mut self, kept: &Kept, reader: &mut Reader) -> Result<bool, Error> {
        let before = reader.cursor();
        let record = reader.next_record().map_err(|error| kept.failed(error, before.number))?;
        let Some(record) = record else { return Ok(false) };
        self.shown = None;
        if self.last.is_full() {
            let next = self.last.next();
            self.parts.push(Arc::new(std::mem::replace(&mut self.last, next).part()));
        }
        self.last.add(&record).map_err(|what| kept.corrupt(before, what))?;
        self.last.advance(reader.cursor());
        Ok(true)
    }
}
