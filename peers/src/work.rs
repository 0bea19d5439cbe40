//! The work that MMSB and its peers are all given: pages of 1 KiB, changes of 32 random bytes, records of a log.
//!
//! Whoever can do a kind of work submits himself, MMSB as well; so all run the same functions in the same repeats.
//!
//! Invariant: what was done is read back and compared, outside of the clock.

use std::path::Path;

use anyhow::{Result, ensure};
use benches::{
    Random,
    pages::{CHANGE_BYTES, CHANGED_PAGE_BYTES, Change},
    shadow::Shadow,
};
use mmsb::PageId;

/// What MMSB is called among its peers.
pub const OURS: &str = "MMSB";
/// Pages that are filled together.
const FILL_PAGES: usize = 1024;

/// One page's bytes.
pub type Image = [u8; CHANGED_PAGE_BYTES];

/// Who can do a kind of work. Submitted with `inventory::submit!`.
pub struct Contender {
    pub name: &'static str,
    pub work: Work,
}

/// A kind of work, and how to begin it.
pub enum Work {
    /// Pages in memory, gone with the process.
    Memory(fn(pages: usize) -> Result<Box<dyn Pages>>),
    /// Pages in a folder, which may hold some already.
    Disk(Disk),
    /// Records in a folder.
    Log(fn(folder: &Path, mode: Mode) -> Result<Box<dyn Records>>),
}

/// Opens pages in a folder; `None` if it has no commits of this mode.
pub type Disk = fn(folder: &Path, mode: Mode, pages: usize) -> Result<Option<Box<dyn Pages>>>;

impl Work {
    /// Returns how to open pages on disk.
    pub fn disk(&self) -> Option<Disk> {
        if let Self::Disk(open) = self { Some(*open) } else { None }
    }
}

/// When a commit is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// When others see it; a sync comes later.
    Buffered,
    /// When the disk has it.
    Synced,
}

/// Pages, numbered from 1.
pub trait Pages {
    /// Puts pages there, `first` and those behind it.
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()>;

    /// Makes the changes together.
    fn commit(&mut self, changes: &[Change]) -> Result<()>;

    /// Waits until the kernel has what was committed, if whoever committed did not.
    fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    /// Waits until the disk has everything; of pages that were filled, so that they are found quickly.
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    /// Waits until the disk has everything, however long it takes to find it again.
    fn rest(&mut self) -> Result<()> {
        self.sync()
    }

    /// Returns the page's bytes.
    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()>;

    /// Copies all pages, one behind the other, as of one moment.
    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        (1..=count).try_for_each(|page| self.read(page, bytes))
    }

    /// Copies all pages into files of their own, synced; returns which folder opens from them: where the pages are, or
    /// the one to copy to. `None` if there is no way to copy what is open.
    fn copy<'f>(&mut self, _home: &'f Path, _to: &'f Path) -> Result<Option<&'f Path>> {
        Ok(None)
    }
}

/// A log of records.
pub trait Records {
    /// Appends the changes as one record.
    fn append(&mut self, changes: &[Change]) -> Result<()>;

    /// Appends all changes, so many a record, until the kernel has them.
    fn append_all(&mut self, changes: &[Change], count: usize) -> Result<()> {
        changes.chunks(count).try_for_each(|chunk| self.append(chunk))
    }

    /// Reads every change back, in order.
    fn read_back(&mut self, visit: &mut dyn FnMut(Change) -> Result<()>) -> Result<()>;
}

inventory::collect!(Contender);

/// Returns whoever can do a kind of work, MMSB first, then by name.
pub fn contenders<T>(can: impl Fn(&Work) -> Option<T>) -> Vec<(&'static str, T)> {
    let all = inventory::iter::<Contender>.into_iter();
    let mut found: Vec<_> = all.filter_map(|one| Some((one.name, can(&one.work)?))).collect();
    found.sort_by_key(|(name, _)| (*name != OURS, *name));
    found
}

/// Fills so many random pages; returns what they are.
pub fn fill(pages: &mut dyn Pages, count: usize, mut random: Random) -> Result<Shadow> {
    let mut shadow = Shadow::new(count);
    for first in (1..=count).step_by(FILL_PAGES) {
        let images: Vec<Image> = (first..(first + FILL_PAGES).min(count + 1))
            .map(|page| {
                let to = shadow.page_mut(PageId::new(page as u64));
                to.copy_from_slice(&random.bytes(CHANGED_PAGE_BYTES));
                to.try_into().expect("a page is as long as a page")
            })
            .collect();
        pages.fill(first as u64, &images)?;
    }
    Ok(shadow)
}

/// Compares every so many pages with the model.
pub fn verify(name: &str, pages: &mut dyn Pages, shadow: &Shadow, step: usize) -> Result<()> {
    let mut bytes = [0; CHANGED_PAGE_BYTES];
    for page in (1..=shadow.pages() as u64).step_by(step) {
        pages.read(page, &mut bytes)?;
        ensure!(
            bytes[..] == *shadow.page(PageId::new(page)),
            "{name}: page {page} is not what its changes make of it"
        );
    }
    Ok(())
}

/// Lays a change into its page.
pub fn lay(change: &Change, page: &mut [u8]) {
    let place = change.offset as usize;
    page[place..place + CHANGE_BYTES].copy_from_slice(&change.bytes);
}

/// Length of a change in a record.
const ROW_BYTES: usize = 8 + CHANGE_BYTES;

/// Reads a record's changes again.
pub fn changes_of(record: &[u8]) -> impl Iterator<Item = Change> {
    record.as_chunks::<ROW_BYTES>().0.iter().map(|row| {
        let (place, bytes) = row.split_first_chunk().expect("a row is longer than its place");
        let place = u64::from_le_bytes(*place);
        let bytes = bytes.try_into().expect("the rest of a row is a change's bytes");
        Change { page: PageId::new(place & 0xffff_ffff), offset: (place >> 32) as u32, bytes }
    })
}

/// Lays changes out as a record: each with its page and place.
pub fn record(changes: &[Change], out: &mut Vec<u8>) {
    out.clear();
    for change in changes {
        out.extend((change.page.get() | u64::from(change.offset) << 32).to_le_bytes());
        out.extend(change.bytes);
    }
}
