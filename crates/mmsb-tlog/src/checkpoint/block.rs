//! A block that was read: a head, the contents of its pages, and a row for each page behind them.
//!
//! Invariant: a [`Block`] was checked before it was made: its checksum, its place in its file, every row and
//! every run. What it yields needs no further look.

use mmsb_types::{Epoch, PageId, crc32c, crc32c_append, limits::PAGE_BYTES_MAX};

use super::{
    ALIGN, BLOCK_BYTES,
    form::PageForm,
    head::Head,
    index::Entry,
    row::{ROW_BYTES, Row},
    runs,
};
use crate::{
    Fault,
    frame::{u32_at, u64_at},
};

/// Bytes of a block's head.
pub(super) const BLOCK_HEAD_BYTES: usize = 64;
/// A block that was all but full when one of the longest pages came.
pub(super) const BLOCK_BYTES_MAX: usize = BLOCK_BYTES + PAGE_BYTES_MAX as usize + ROW_BYTES + ALIGN;
const MAGIC: [u8; 8] = *b"MMSBBLK\0";
/// The checksum covers what is before and behind it.
const CHECKSUM_AT: usize = 12;

/// Some pages of a checkpoint, by rising id.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    page_count: usize,
}

/// One page of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPage<'b> {
    /// The page.
    pub page: PageId,
    /// The commit that changed it last.
    pub epoch: Epoch,
    /// Its length, in bytes: 1 to 2^24.
    pub page_bytes: u32,
    /// How it is stored.
    pub form: PageForm,
    /// Its bytes or its runs.
    content: &'b [u8],
}

/// What a block has to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'i> {
    pub(super) head: &'i Head,
    /// Its number, from 0.
    pub(super) number: u32,
    pub(super) entry: &'i Entry,
    /// Ids from this one on are later blocks'.
    pub(super) next_page: u64,
}

impl Block {
    /// Checks a block; `Err` has the offset in it of what is wrong.
    pub(super) fn parse(bytes: Vec<u8>, place: Place<'_>) -> Result<Self, (usize, Fault)> {
        let content_bytes = check_head(&bytes, place).map_err(|fault| (0, fault))?;
        let this = Self { bytes, page_count: place.entry.page_count as usize };
        this.check_rows(place, content_bytes)?;
        Ok(this)
    }

    /// Returns how many pages it holds: at least one.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.page_count
    }

    /// Visits its pages by rising id.
    #[inline]
    pub fn pages(&self) -> impl Iterator<Item = StoredPage<'_>> {
        let mut at = BLOCK_HEAD_BYTES;
        self.rows().flatten().map(move |row| {
            let start = at;
            at += row.content_bytes as usize;
            let Row { page, epoch, page_bytes, form, .. } = row;
            let content = &self.bytes[start..at];
            StoredPage { page: PageId::new(page), epoch: Epoch::new(epoch), page_bytes, form, content }
        })
    }

    /// Returns a page of it.
    ///
    /// # Cost
    /// O(pages before it), a few nanoseconds each.
    #[must_use]
    pub fn page(&self, page: PageId) -> Option<StoredPage<'_>> {
        self.pages().find(|stored| stored.page >= page).filter(|stored| stored.page == page)
    }

    /// Returns the memory that it stood in, for [`CheckpointReader::read_block`](super::CheckpointReader).
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    fn rows(&self) -> impl Iterator<Item = Option<Row>> {
        let rows_at = self.bytes.len() - self.page_count * ROW_BYTES;
        self.bytes[rows_at..].as_chunks().0.iter().map(Row::parse)
    }

    /// Checks that ids rise within the block's place, that nothing is later than the checkpoint, and that the
    /// contents are what the rows say, to the last byte.
    fn check_rows(&self, place: Place<'_>, content_bytes: usize) -> Result<(), (usize, Fault)> {
        let rows_at = self.bytes.len() - self.page_count * ROW_BYTES;
        let contents_end = BLOCK_HEAD_BYTES + content_bytes;
        let (mut at, mut least, mut page_bytes) = (BLOCK_HEAD_BYTES, place.entry.first_page, 0);
        for (index, row) in self.rows().enumerate() {
            let bad = |what| Err((rows_at + index * ROW_BYTES, Fault::Layout(what)));
            let Some(row) = row else { return bad("a page's row is out of range") };
            if row.page < least || row.page >= place.next_page || row.epoch > place.head.cursor.number {
                return bad("a page's id or epoch is out of order");
            }
            let end = at + row.content_bytes as usize;
            if end > contents_end {
                return bad("a page's content passes the contents' end");
            }
            if row.form == PageForm::Runs && !runs::is_whole(&self.bytes[at..end], row.page_bytes as usize) {
                return Err((at, Fault::Layout("a page's runs do not fill it")));
            }
            (at, least) = (end, row.page + 1);
            page_bytes += u64::from(row.page_bytes);
        }
        let first = self.rows().next().flatten().map(|row| row.page);
        if (at, page_bytes, first) != (contents_end, place.entry.page_bytes, Some(place.entry.first_page)) {
            return Err((rows_at, Fault::Layout("a block's rows disagree with its head or the index")));
        }
        Ok(())
    }
}

impl StoredPage<'_> {
    /// Writes the page's bytes.
    ///
    /// # Panics
    /// If `page` is not of the page's length.
    ///
    /// # Cost
    /// A copy, or a fill.
    #[inline]
    pub fn write_into(&self, page: &mut [u8]) {
        assert_eq!(page.len(), self.page_bytes as usize, "{} is written to memory of its length", self.page);
        match self.form {
            PageForm::Bytes => page.copy_from_slice(self.content),
            PageForm::Fill(byte) => page.fill(byte),
            PageForm::Runs => runs::expand(self.content, page),
        }
    }

    /// Returns the page's bytes as they stand in the file, if they are stored as such.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        (self.form == PageForm::Bytes).then_some(self.content)
    }
}

/// Fills in the head of a block, whose rows and contents stand behind it, and returns the checksum.
pub(super) fn seal(block: &mut [u8], head: &Head, number: u32, page_count: u32, content_bytes: u32) -> u32 {
    let len = block.len() as u32;
    block[..BLOCK_HEAD_BYTES].fill(0);
    block[..8].copy_from_slice(&MAGIC);
    block[8..12].copy_from_slice(&number.to_le_bytes());
    block[16..24].copy_from_slice(&head.cursor.number.to_le_bytes());
    block[24..32].copy_from_slice(&head.instance_low());
    block[32..36].copy_from_slice(&len.to_le_bytes());
    block[36..40].copy_from_slice(&page_count.to_le_bytes());
    block[40..44].copy_from_slice(&content_bytes.to_le_bytes());
    let checksum = checksum(block);
    block[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

/// Returns the checksum of a block at least a head long.
pub(super) fn checksum(block: &[u8]) -> u32 {
    crc32c_append(crc32c(&block[..CHECKSUM_AT]), &block[CHECKSUM_AT + 4..])
}

/// Checks the head and the checksum of a block that is at least as long as its head and rows; returns the
/// length of its contents.
fn check_head(block: &[u8], Place { head, number, entry, .. }: Place<'_>) -> Result<usize, Fault> {
    if block[..8] != MAGIC {
        return Err(Fault::Layout("the magic bytes are wrong"));
    }
    let (stored, computed) = (u32_at(block, CHECKSUM_AT), checksum(block));
    if stored != computed {
        return Err(Fault::BodyChecksum { stored, computed });
    }
    let is_here = (u32_at(block, 8), u64_at(block, 16)) == (number, head.cursor.number)
        && block[24..32] == head.instance_low();
    if !is_here || stored != entry.checksum {
        return Err(Fault::StrayBlock);
    }
    let content_bytes = u32_at(block, 40) as usize;
    let rows_at = block.len() - entry.page_count as usize * ROW_BYTES;
    let is_whole = u32_at(block, 32) as usize == block.len()
        && u32_at(block, 36) == entry.page_count
        && content_bytes <= rows_at - BLOCK_HEAD_BYTES
        && (BLOCK_HEAD_BYTES + content_bytes).next_multiple_of(ALIGN) == rows_at;
    if !is_whole {
        return Err(Fault::Layout("a block's parts do not add up to it"));
    }
    let zeros = block[44..BLOCK_HEAD_BYTES].iter().chain(&block[BLOCK_HEAD_BYTES + content_bytes..rows_at]);
    if zeros.copied().any(|byte| byte != 0) {
        return Err(Fault::Layout("a reserved field or padding is not zero"));
    }
    Ok(content_bytes)
}
