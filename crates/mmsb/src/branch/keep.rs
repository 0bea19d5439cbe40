//! Keeping a branch: a bus of its own, made of the branch's base and all of its commits.
//!
//! The log of such a bus begins at the base: its first frames create the base's pages as they stood, and say
//! so in a section of their own. It is built beside the path asked for and moved there once it is whole and
//! synced.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_delta::{DeltaBatch, choose_into, diff_runs};
use mmsb_tlog::{
    FrameBuf, InstanceId, Log, LogDir, LogOptions, Scan, SectionBuf, SectionKind, SegmentHead,
    vfs::{OsVfs, Vfs},
};
use mmsb_types::{
    Durability, PageEvent, PageId, Span,
    limits::{PAGE_BYTES_MAX, RECORD_BYTES_MAX},
};

use super::Branch;
use crate::{Bus, Error, PageInfo, base_frames::BaseSection};

/// Most bytes of a base frame before its last page: far enough below the longest record for any page.
const CHUNK_BYTES_MAX: usize = 64 << 20;

/// Bytes of a page's creation and of its part of the base section, name aside.
const INFO_BYTES: usize = 40;

/// The base's pages for one frame.
type Chunk = Vec<PageInfo>;

impl Branch {
    /// Writes the branch to the new directory `path` and opens it as a bus: the base's state, then every
    /// commit with its epoch, label and tag.
    ///
    /// Epochs before the base are [`Error::HistoryGone`] there. The branch stays as it is; what is committed
    /// to it later is not in the bus.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if anything but an empty directory is there; [`Error::Io`], and those of
    /// reading the base. Nothing is at `path` then.
    ///
    /// # Cost
    /// Reads every page of the base twice, writes what is not zero, and syncs.
    pub fn keep(&self, path: impl AsRef<Path>) -> Result<Bus, Error> {
        self.keep_on(Arc::new(OsVfs), path.as_ref())?;
        Bus::open(path)
    }

    /// Writes the branch as [`Branch::keep`] does, to `path` of another file system, and leaves it closed.
    ///
    /// # Errors
    /// As [`Branch::keep`].
    pub fn keep_on(&self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<(), Error> {
        let chunks = self.chunks()?;
        let instance = InstanceId::random();
        let head = SegmentHead::starting_at(self.base().get() + 1 - chunks.len() as u64);
        let dir = LogDir::create_from(vfs, &building_path(path, instance), instance, head)?;
        let moved = self.write_log(&dir, &chunks).and_then(|()| Ok(dir.clone().move_to(path)?));
        moved.map(drop).inspect_err(|_| dir.remove())
    }

    /// Splits the base's pages into frames, of which there must be no more than epochs up to the base.
    fn chunks(&self) -> Result<Vec<Chunk>, Error> {
        let (mut chunks, mut bytes) = (Vec::<Chunk>::new(), usize::MAX);
        let chunk_bytes = CHUNK_BYTES_MAX.min(self.inner.record_bytes_max as usize / 4);
        let mut encoder = PageEncoder::default();
        for info in self.inner.base.pages()? {
            let more = self.weigh(&info, &mut encoder)?;
            if bytes.saturating_add(more) > chunk_bytes {
                chunks.push(Chunk::new());
                bytes = 0;
            }
            bytes += more;
            chunks.last_mut().expect("the first page opens the first chunk").push(info);
        }
        check_count(chunks, self.base().get())
    }

    /// Returns how many bytes of a frame a page of the base takes, at most.
    fn weigh(&self, info: &PageInfo, encoder: &mut PageEncoder) -> Result<usize, Error> {
        encoder.batch.clear();
        self.inner.base.with_page(info.page, &mut |bytes| encoder.push(info.page, bytes))?;
        let name_bytes = info.name.as_ref().map_or(0, |name| name.len());
        Ok(encoder.batch.encoded_bytes() + name_bytes + INFO_BYTES)
    }

    fn write_log(&self, dir: &LogDir, chunks: &[Chunk]) -> Result<(), Error> {
        let options = LogOptions { record_bytes_max: RECORD_BYTES_MAX, ..LogOptions::default() };
        let log = Log::open(dir, dir.lock()?, &Scan::empty(dir), options)?;
        let mut number = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            let is_last = index + 1 == chunks.len();
            number = append(&log, &mut self.base_frame(chunk, is_last)?)?;
        }
        number = self.append_commits(&log)?.unwrap_or(number);
        log.wait(number, Durability::Synced)?;
        Ok(log.close()?)
    }

    /// Appends the branch's own commits; returns the last one's number, if there is one.
    fn append_commits(&self, log: &Log) -> Result<Option<u64>, Error> {
        // Sealed long ago; the state lock is not held while the disk is written.
        let frames = self.state().frames.clone();
        let (mut rest, mut number) = (&frames[..], None);
        while !rest.is_empty() {
            let (mut frame, behind) = FrameBuf::first_of(rest).expect("a branch holds whole frames");
            number = Some(append(log, &mut frame)?);
            rest = behind;
        }
        Ok(number)
    }

    /// Lays out one frame of the base's pages.
    fn base_frame(&self, chunk: &Chunk, is_last: bool) -> Result<FrameBuf, Error> {
        let mut encoder = PageEncoder::default();
        let pages: Vec<PageId> = chunk.iter().map(|info| info.page).collect();
        self.inner.base.with_pages(&pages, &mut |page, bytes| encoder.push(page, bytes))?;
        let mut frame = FrameBuf::default();
        frame.encode(&self.base_sections(chunk, is_last)?, encoder.batch.view(), RECORD_BYTES_MAX)?;
        Ok(frame)
    }

    fn base_sections(&self, chunk: &Chunk, is_last: bool) -> Result<SectionBuf, Error> {
        let (mut sections, mut events) = (SectionBuf::default(), Vec::new());
        chunk.iter().for_each(|info| created(info).encode(&mut events));
        if !events.is_empty() {
            sections.push(SectionKind::PAGE_EVENTS, &events);
        }
        if let Some(label) = self.inner.base.label()?.filter(|_| is_last) {
            sections.push(SectionKind::LABEL, &label.get().to_le_bytes());
        }
        let epochs = chunk.iter().map(|info| (info.page, info.epoch));
        let section =
            BaseSection { epoch: self.base(), next_id: self.inner.first_id.get(), epochs: epochs.collect() };
        sections.push(SectionKind::BASE, &section.encode());
        Ok(sections)
    }
}

/// Turns pages into the smallest patches that make them out of zeros.
#[derive(Default)]
struct PageEncoder {
    batch: DeltaBatch,
    runs: Vec<Span>,
}

impl PageEncoder {
    fn push(&mut self, page: PageId, bytes: &[u8]) {
        static ZEROS: [u8; PAGE_BYTES_MAX as usize] = [0; PAGE_BYTES_MAX as usize];
        let zeros = &ZEROS[..bytes.len()];
        diff_runs(zeros, bytes, &mut self.runs);
        choose_into(page, zeros, bytes, &self.runs, &mut self.batch);
    }
}

fn append(log: &Log, frame: &mut FrameBuf) -> Result<u64, Error> {
    let room = log.room(frame.len())?;
    let reservation = log.reserve(room, frame.len());
    Ok(log.publish(reservation, frame))
}

fn created(info: &PageInfo) -> PageEvent {
    let name = info.name.as_deref().map(str::to_owned);
    let &PageInfo { page, page_bytes, location, .. } = info;
    PageEvent::Created { page, page_bytes, location, name }
}

/// Checks that there are no more frames than epochs up to the base, and not none where there are epochs.
fn check_count(mut chunks: Vec<Chunk>, limit: u64) -> Result<Vec<Chunk>, Error> {
    if chunks.is_empty() && limit > 0 {
        // A state without pages is a state, too: the log says which.
        chunks.push(Chunk::new());
    }
    if chunks.len() as u64 <= limit { Ok(chunks) } else { Err(too_large(&chunks, limit)) }
}

fn too_large(chunks: &[Chunk], limit: u64) -> Error {
    let bytes = chunks.iter().flatten().map(|info| u64::from(info.page_bytes)).sum();
    Error::RecordTooLarge { bytes, limit: limit * u64::from(RECORD_BYTES_MAX) }
}

fn building_path(path: &Path, instance: InstanceId) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.keep-{instance}"))
}
