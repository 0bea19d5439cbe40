//! What the tests share: commits by number, logs laid out by hand, and the text of what a log yields.

use std::{fmt::Write, path::Path, sync::Arc, thread};

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{
    CheckpointRef, Cursor, FrameBuf, InstanceId, Log, LogDir, LogError, LogOptions, Manifest, Mark, Reader,
    Scan, SectionBuf, SectionKind, SegmentHead, StateMark,
    frame::{RecordHead, parse_frame, record_head},
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_types::{Durability, Lsn, PageId, Span, crc32c_append, limits::RECORD_BYTES_MAX};

pub const INSTANCE: InstanceId = InstanceId(*b"a bus for tests.");
pub const OTHER: InstanceId = InstanceId(*b"some other bus..");
pub const HEAD_BYTES: usize = 64;

/// What one commit holds.
#[derive(Default)]
pub struct Content {
    pub sections: SectionBuf,
    pub batch: DeltaBatch,
}

impl Content {
    pub fn section(mut self, kind: SectionKind, bytes: &[u8]) -> Self {
        self.sections.push(kind, bytes);
        self
    }

    pub fn patch(mut self, page: u64, patch: Patch<'_>) -> Self {
        self.batch.push(PageId::new(page), patch);
        self
    }

    pub fn encode(&self) -> FrameBuf {
        let mut frame = FrameBuf::default();
        frame.encode(&self.sections, self.batch.view(), RECORD_BYTES_MAX).unwrap();
        frame
    }

    pub fn bound(&self) -> usize {
        FrameBuf::bound(&self.sections, self.batch.encoded_bytes())
    }
}

/// What a manifest tells of a checkpoint that nobody reads.
pub fn unread(cursor: Cursor) -> CheckpointRef {
    CheckpointRef { cursor, parent: None, bytes: 0, hash: [0; 32] }
}

/// A `single` frame that writes `text`.
pub fn single(text: &str) -> Content {
    Content::default().patch(3, Patch::Bytes { offset: 8, bytes: text.as_bytes() })
}

/// A frame with a label, a run and a fill; its length is no multiple of 8 before padding.
pub fn plain(label: u64, text: &str) -> Content {
    let fill = Patch::Fill { span: Span::new(100, 50), byte: 0xee };
    let run = Patch::Bytes { offset: 1, bytes: text.as_bytes() };
    Content::default().section(SectionKind::LABEL, &label.to_le_bytes()).patch(5, run).patch(6, fill)
}

/// A frame whose payload is `bytes`, all of one page.
pub fn page(bytes: &[u8]) -> Content {
    Content::default().patch(1, Patch::Page { bytes })
}

pub fn create(vfs: impl Vfs, path: &Path) -> LogDir {
    LogDir::create(Arc::new(vfs), path, INSTANCE).unwrap()
}

pub fn open(dir: &LogDir) -> Log {
    try_open(dir, LogOptions::default()).unwrap()
}

pub fn try_open(dir: &LogDir, options: LogOptions) -> Result<Log, LogError> {
    let lock = dir.lock()?;
    Log::open(dir, lock, &Scan::run(dir)?, options)
}

pub fn commit(log: &Log, content: &Content) -> u64 {
    try_commit(log, content).unwrap()
}

pub fn try_commit(log: &Log, content: &Content) -> Result<u64, LogError> {
    let room = log.room(content.bound())?;
    let mut frame = content.encode();
    let reservation = log.reserve(room, frame.len());
    Ok(log.publish(reservation, &mut frame))
}

/// A log in memory that holds these segments, the first generation of its manifest naming them.
pub fn log_of_segments(segments: &[(SegmentHead, Vec<u8>)]) -> LogDir {
    let vfs = MemoryVfs::new();
    let path = Path::new("/bus");
    vfs.create_dir(path).unwrap();
    let heads = segments.iter().map(|(head, _)| *head).collect();
    let manifest = Manifest { segments: heads, ..Manifest::first(INSTANCE) };
    let manifest = (manifest.file_name(), manifest.encode());
    let files = segments.iter().map(|(head, bytes)| (head.file_name(), bytes.clone()));
    for (name, bytes) in files.chain([manifest]) {
        vfs.create_new(&path.join(name)).unwrap().write_at(0, &bytes).unwrap();
    }
    LogDir::open(Arc::new(vfs), path).unwrap()
}

/// Every commit of the log up to where a scan ends it, one text each.
pub fn commits(dir: &LogDir) -> Vec<String> {
    commits_up_to(dir, Scan::run(dir).unwrap().end.lsn)
}

pub fn commits_up_to(dir: &LogDir, end: Lsn) -> Vec<String> {
    let mut reader = Reader::new(dir, Cursor::first(dir), end).unwrap();
    let mut texts = Vec::new();
    while let Some(commit) = reader.next_commit().unwrap() {
        let mut text = format!("{:?}", commit.epoch);
        for (kind, bytes) in commit.frame.sections.iter() {
            write!(text, " section {} {bytes:02x?}", kind.0).unwrap();
        }
        for (page, patch) in commit.frame.batch.iter() {
            write!(text, " {page:?} {patch:?}").unwrap();
        }
        texts.push(text);
    }
    texts
}

pub fn segment_bytes(dir: &LogDir) -> Vec<u8> {
    let file = dir.open_segment(&dir.manifest().last_segment(), Access::ReadOnly).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

pub fn set_segment_bytes(dir: &LogDir, bytes: &[u8]) {
    set_bytes_of(dir, &dir.manifest().last_segment(), bytes);
}

pub fn set_bytes_of(dir: &LogDir, head: &SegmentHead, bytes: &[u8]) {
    let file = dir.open_segment(head, Access::ReadWrite).unwrap();
    file.truncate(0).unwrap();
    file.write_at(0, bytes).unwrap();
}

/// A log in memory that holds exactly `bytes`, head included.
pub fn log_of(bytes: &[u8]) -> LogDir {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    set_segment_bytes(&dir, bytes);
    dir
}

/// The same bytes with one bit of them flipped.
pub fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// Returns once so much of the log is durable by itself.
pub fn wait_until_synced(log: &Log, number: u64) {
    while log.reached(number) != Durability::Synced {
        thread::yield_now();
    }
}

/// Does the same on so many threads at once.
pub fn at_once(count: usize, work: impl Fn(usize) + Sync) {
    let work = &work;
    thread::scope(|scope| (0..count).for_each(|thread| drop(scope.spawn(move || work(thread)))));
}

/// A log laid out by hand: the bytes that a writer with these batches leaves.
pub struct Layout {
    /// Those of the newest segment.
    pub bytes: Vec<u8>,
    /// The segments before it.
    pub done: Vec<(SegmentHead, Vec<u8>)>,
    instance: InstanceId,
    head: SegmentHead,
    number: u64,
    chain: u32,
}

impl Layout {
    pub fn new(instance: InstanceId) -> Self {
        let (head, done) = (SegmentHead::FIRST, Vec::new());
        Self { bytes: head.encode(instance).to_vec(), done, instance, head, number: 0, chain: 0 }
    }

    /// Returns the place behind the last record.
    pub fn end(&self) -> Cursor {
        let lsn = Lsn::new(self.head.first_lsn.get() + self.bytes.len() as u64);
        Cursor { lsn, number: self.number, chain: self.chain }
    }

    /// Begins another segment.
    pub fn rotate(&mut self) -> &mut Self {
        let next = SegmentHead::behind(self.head.segment + 1, self.end());
        let bytes = std::mem::replace(&mut self.bytes, next.encode(self.instance).to_vec());
        self.done.push((self.head, bytes));
        self.head = next;
        self
    }

    /// Returns all segments.
    pub fn segments(&self) -> Vec<(SegmentHead, Vec<u8>)> {
        let newest = (self.head, self.bytes.clone());
        self.done.iter().cloned().chain([newest]).collect()
    }

    pub fn state(&mut self, number: u64, hash: [u8; 32]) -> &mut Self {
        self.bytes.extend(StateMark { lsn: self.end().lsn, number, hash }.encode(self.instance));
        self
    }

    pub fn frame(&mut self, content: &Content) -> &mut Self {
        let mut frame = content.encode();
        self.number += 1;
        frame.seal(self.number);
        let checksum = parse_frame(frame.bytes()).unwrap().checksum;
        self.chain = crc32c_append(self.chain, &checksum.to_le_bytes());
        self.bytes.extend(frame.bytes());
        self
    }

    pub fn mark(&mut self, synced_through: u64, closing: bool) -> &mut Self {
        let lsn = self.end().lsn;
        let mark = Mark { lsn, number: self.number, synced_through, chain: self.chain, closing };
        self.bytes.extend(mark.encode(self.instance));
        self
    }
}

/// Where one record of a good log stands.
#[derive(Clone, Debug)]
pub struct Place {
    pub offset: usize,
    pub bytes: usize,
    /// Its number; for a mark, that of the frame before.
    pub number: u64,
    /// For a mark: up to where it says the log was durable.
    pub synced_through: Option<u64>,
    /// A mark or a state mark: it takes no number.
    pub is_line: bool,
}

impl Place {
    pub fn end(&self) -> usize {
        self.offset + self.bytes
    }
}

/// The records of a good log.
pub fn places(bytes: &[u8]) -> Vec<Place> {
    let (head, _) = SegmentHead::parse(bytes).unwrap();
    let (mut offset, mut number, mut places) = (HEAD_BYTES, head.first_number - 1, Vec::new());
    while offset < bytes.len() && bytes[offset..].iter().any(|&byte| byte != 0) {
        let head = record_head(&bytes[offset..]).unwrap();
        let is_line = matches!(head, RecordHead::Mark(_) | RecordHead::State(_));
        number += u64::from(!is_line);
        let synced_through = matches!(head, RecordHead::Mark(_)).then(|| u64_at(bytes, offset + 48));
        places.push(Place { offset, bytes: head.bytes(), number, synced_through, is_line });
        offset += head.bytes();
    }
    places
}

pub fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(*bytes[offset..].first_chunk().unwrap())
}

/// The log that the tests damage: every kind of record, several batches, the last of them never synced.
pub fn specimen(is_closed: bool) -> Vec<u8> {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&plain(7, "first")).mark(0, false);
    layout.frame(&single("second")).frame(&plain(8, "third")).mark(1, false);
    layout.frame(&Content::default()).frame(&single("fifth")).frame(&single("sixth")).mark(3, false);
    layout.frame(&plain(9, "seventh, a little longer")).frame(&single("eighth")).mark(6, false);
    if is_closed {
        layout.mark(8, true);
    }
    layout.bytes.clone()
}
