//! okaywal: a log of entries. It has no way to leave a commit unsynced, so it takes part where commits are synced, and
//! where a log is read again into pages in memory.

use std::{
    hint::black_box,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result, ensure};
use benches::pages::{CHANGED_PAGE_BYTES, Change};
use okaywal::{Configuration, Entry, EntryId, LogManager, SegmentReader, WriteAheadLog};

use crate::work::{Contender, Image, Mode, Pages, Work, lay, record};

inventory::submit! { Contender { name: "okaywal", work: Work::Disk(pages) } }

/// Bytes of log after which it would be given up: never.
const KEPT_BYTES: u64 = 1 << 40;

/// A log, and the pages in memory that it is about.
struct Wal {
    log: WriteAheadLog,
    pages: Arc<Mutex<Vec<Image>>>,
    buffer: Vec<u8>,
}

/// Lays what the log tells into the pages.
#[derive(Debug)]
struct Apply(Arc<Mutex<Vec<Image>>>);

fn pages(folder: &Path, mode: Mode, count: usize) -> Result<Option<Box<dyn Pages>>> {
    if mode == Mode::Buffered {
        return Ok(None);
    }
    let pages = Arc::new(Mutex::new(vec![[0; CHANGED_PAGE_BYTES]; count]));
    let config = Configuration::default_for(folder.join("okaywal")).checkpoint_after_bytes(KEPT_BYTES);
    let log = config.preallocate_bytes(64 << 20).open(Apply(Arc::clone(&pages)))?;
    Ok(Some(Box::new(Wal { log, pages, buffer: Vec::new() })))
}

impl Wal {
    fn log(&self) -> Result<()> {
        let mut entry = self.log.begin_entry()?;
        entry.write_chunk(&self.buffer)?;
        entry.commit()?;
        Ok(())
    }
}

impl LogManager for Apply {
    fn recover(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        let Some(chunks) = entry.read_all_chunks()? else { return Ok(()) };
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.iter().for_each(|chunk| apply(chunk, &mut pages));
        Ok(())
    }

    fn checkpoint_to(&mut self, _: EntryId, _: &mut SegmentReader, _: &WriteAheadLog) -> io::Result<()> {
        Ok(())
    }
}

/// Lays a record of changes, or one of filled pages, which is longer in each, into the pages.
fn apply(chunk: &[u8], pages: &mut [Image]) {
    let (kind, rest) = chunk.split_at(8);
    let bytes = u64::from_le_bytes(kind.try_into().expect("eight bytes")) as usize;
    for row in rest.chunks_exact(8 + bytes) {
        let (place, bytes) = row.split_at(8);
        let place = u64::from_le_bytes(place.try_into().expect("eight bytes"));
        let (page, offset) = ((place & 0xffff_ffff) as usize, (place >> 32) as usize);
        pages[page - 1][offset..offset + bytes.len()].copy_from_slice(bytes);
    }
}

impl Pages for Wal {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        self.buffer.clear();
        self.buffer.extend((CHANGED_PAGE_BYTES as u64).to_le_bytes());
        for (page, image) in (first..).zip(images) {
            self.pages.lock().unwrap_or_else(PoisonError::into_inner)[page as usize - 1] = *image;
            self.buffer.extend(page.to_le_bytes());
            self.buffer.extend(image);
        }
        self.log()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let mut rows = Vec::new();
        record(changes, &mut rows);
        self.buffer.clear();
        self.buffer.extend(32u64.to_le_bytes());
        self.buffer.extend(rows);
        self.log()?;
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        changes.iter().for_each(|change| lay(change, &mut pages[change.page.get() as usize - 1]));
        Ok(())
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = *pages.get(page as usize - 1).context("a page")?;
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(pages.len() as u64 == count, "{} pages instead of {count}", pages.len());
        pages.iter().for_each(|page| *black_box(&mut *bytes) = *page);
        Ok(())
    }
}
