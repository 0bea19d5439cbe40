//! The raw limit of a logged update, called F, and at once the model of what a bus's pages must hold.
//!
//! F is what no engine can leave out: the 32 bytes go to their place in a random page of 1 KiB, 40 bytes are
//! appended to a buffer, and their checksum is taken. Nothing is locked, found, ordered or published.

use std::hint::black_box;

use mmsb_types::crc32c;

use crate::pages::{CHANGE_BYTES, CHANGED_PAGE_BYTES, Change};

const RECORD_BYTES: usize = 40;
const BUFFER_BYTES: usize = 1 << 20;

/// Pages as plain memory, with a buffer in place of a log.
#[derive(Debug)]
pub struct Shadow {
    memory: Vec<u8>,
    buffer: Vec<u8>,
    buffer_used: usize,
}

impl Shadow {
    /// Makes `pages` pages, numbered from 1; every byte is touched, so nothing is new to the kernel later.
    #[must_use]
    pub fn new(pages: usize) -> Self {
        let memory = vec![1; pages * CHANGED_PAGE_BYTES];
        Self { memory, buffer: vec![1; BUFFER_BYTES], buffer_used: 0 }
    }

    /// Makes the changes, one after the other: this is F.
    ///
    /// # Panics
    /// If a change is for a page that is not there.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let place = Self::place(change.page) + change.offset as usize;
            self.memory[place..place + CHANGE_BYTES].copy_from_slice(&change.bytes);
            if self.buffer_used + RECORD_BYTES > BUFFER_BYTES {
                self.buffer_used = 0;
            }
            let record = &mut self.buffer[self.buffer_used..self.buffer_used + RECORD_BYTES];
            let entry = change.page.get() | u64::from(change.offset) << 32;
            record[..8].copy_from_slice(&entry.to_le_bytes());
            record[8..].copy_from_slice(&change.bytes);
            black_box(crc32c(record));
            self.buffer_used += RECORD_BYTES;
        }
        black_box((&mut self.memory, &mut self.buffer));
    }

    /// Makes the changes and nothing else: no record, no checksum.
    ///
    /// # Panics
    /// If a change is for a page that is not there.
    pub fn copy(&mut self, changes: &[Change]) {
        for change in changes {
            let place = Self::place(change.page) + change.offset as usize;
            self.memory[place..place + CHANGE_BYTES].copy_from_slice(&change.bytes);
        }
        black_box(&mut self.memory);
    }

    /// Returns how many pages there are.
    #[must_use]
    pub const fn pages(&self) -> usize {
        self.memory.len() / CHANGED_PAGE_BYTES
    }

    /// Returns a page's bytes.
    #[must_use]
    pub fn page(&self, page: mmsb_types::PageId) -> &[u8] {
        let place = Self::place(page);
        &self.memory[place..place + CHANGED_PAGE_BYTES]
    }

    /// Returns a page's bytes to be changed beside the clock.
    pub fn page_mut(&mut self, page: mmsb_types::PageId) -> &mut [u8] {
        let place = Self::place(page);
        &mut self.memory[place..place + CHANGED_PAGE_BYTES]
    }

    fn place(page: mmsb_types::PageId) -> usize {
        (page.get() as usize - 1) * CHANGED_PAGE_BYTES
    }
}
