//! A block being made: contents go straight to their place, rows are kept aside and put behind them.

use mmsb_types::limits::{PAGE_BYTES_MAX, PAGE_ID_MAX};

use super::{
    BLOCK_BYTES,
    block::{self, BLOCK_BYTES_MAX, BLOCK_HEAD_BYTES},
    form::{self, PageForm},
    head::Head,
    index::Entry,
    padding,
    row::{ROW_BYTES, Row},
};

/// A block under construction. Invariant: ids rise; contents and rows fit the block.
#[derive(Debug)]
pub(super) struct Builder {
    /// Head and contents up to `used`; what is behind means nothing.
    bytes: Vec<u8>,
    used: usize,
    rows: Vec<u8>,
    first_page: u64,
    last_page: u64,
    page_bytes: u64,
    /// Where a page's runs are tried.
    runs: Vec<u8>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            used: BLOCK_HEAD_BYTES,
            rows: Vec::new(),
            first_page: 0,
            last_page: 0,
            page_bytes: 0,
            runs: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Tells whether the block is at least so long.
    #[inline]
    pub(super) fn is_full(&self, block_bytes: usize) -> bool {
        self.used + self.rows.len() >= block_bytes
    }

    /// Adds a page whose bytes, and epoch, `fill` tells.
    ///
    /// # Panics
    /// If the page's id does not rise or is out of range, or its length is out of range.
    #[inline]
    pub(super) fn add<E>(
        &mut self,
        page: u64,
        page_bytes: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<u64, E>,
    ) -> Result<(), E> {
        assert!(page > self.last_page && page <= PAGE_ID_MAX, "page:{page} behind page:{}", self.last_page);
        assert!((1..=PAGE_BYTES_MAX).contains(&page_bytes), "page:{page} of {page_bytes} bytes");
        let end = self.used + page_bytes as usize;
        self.make_room(end);
        let bytes = &mut self.bytes[self.used..end];
        let epoch = fill(bytes)?;
        let form = form::choose(bytes, &mut self.runs);
        let content_bytes = match form {
            PageForm::Bytes => page_bytes,
            PageForm::Fill(_) => 0,
            PageForm::Runs => {
                bytes[..self.runs.len()].copy_from_slice(&self.runs);
                self.runs.len() as u32
            }
        };
        self.first_page = if self.is_empty() { page } else { self.first_page };
        Row { page, epoch, page_bytes, form, content_bytes }.encode(&mut self.rows);
        self.used += content_bytes as usize;
        self.last_page = page;
        self.page_bytes += u64::from(page_bytes);
        Ok(())
    }

    /// Ends the block, which is not empty: hands out its bytes and its entry, and begins another one in `spare`.
    pub(super) fn seal(&mut self, head: &Head, number: u32, offset: u64, spare: Vec<u8>) -> (Vec<u8>, Entry) {
        let page_count = (self.rows.len() / ROW_BYTES) as u32;
        let content_bytes = (self.used - BLOCK_HEAD_BYTES) as u32;
        let mut bytes = std::mem::replace(&mut self.bytes, spare);
        bytes.truncate(self.used);
        bytes.resize(self.used + padding(self.used), 0);
        bytes.append(&mut self.rows);
        debug_assert!(bytes.len() <= BLOCK_BYTES_MAX, "a block of {} bytes", bytes.len());
        let checksum = block::seal(&mut bytes, head, number, page_count, content_bytes);
        let (first_page, page_bytes) = (self.first_page, self.page_bytes);
        let hash = *blake3::hash(&bytes).as_bytes();
        (self.used, self.page_bytes) = (BLOCK_HEAD_BYTES, 0);
        (bytes, Entry { first_page, offset, page_bytes, page_count, checksum, hash })
    }

    /// Sees to it that there are bytes up to `end`.
    #[inline]
    fn make_room(&mut self, end: usize) {
        if self.bytes.len() < end {
            self.bytes.resize(end.max(BLOCK_BYTES), 0);
        }
    }
}
