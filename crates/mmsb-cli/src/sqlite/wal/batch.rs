//! Whole transactions, many at a time, as slices of one buffer.
//!
//! Invariants: every transaction is one or more whole frames, checked, the last of which ends it.
//! The buffer keeps its length from one batch to the next, so nothing is zeroed twice.

use std::ops::Range;

use super::frame;

/// A reusable buffer of transactions; [`WalReader::read_batch`](super::WalReader::read_batch) fills it.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) frame_bytes: usize,
    pub(super) first_index: u64,
    pub(super) bounds: Vec<Bounds>,
}

/// Where one transaction lies in the buffer.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) frames: Range<usize>,
    pub(super) pages_after: u32,
}

/// One transaction of the log.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    index: u64,
    pages_after: u32,
    frames: &'a [u8],
    frame_bytes: usize,
}

/// The page images of a transaction, in the log's order.
pub type Images<'a> = std::iter::Map<std::slice::ChunksExact<'a, u8>, fn(&'a [u8]) -> (u32, &'a [u8])>;

impl Batch {
    /// Yields the transactions in order.
    pub fn transactions(&self) -> impl ExactSizeIterator<Item = Transaction<'_>> {
        self.bounds.iter().enumerate().map(|(at, bounds)| Transaction {
            index: self.first_index + at as u64,
            pages_after: bounds.pages_after,
            frames: &self.bytes[bounds.frames.clone()],
            frame_bytes: self.frame_bytes,
        })
    }

    /// Makes the batch one that begins with transaction `first_index` and the bytes `carried`.
    pub(super) fn begin(&mut self, first_index: u64, frame_bytes: usize, carried: &[u8]) {
        (self.first_index, self.frame_bytes) = (first_index, frame_bytes);
        self.bounds.clear();
        self.room(0, carried.len()).copy_from_slice(carried);
    }

    /// Returns `count` bytes of room behind the first `filled`.
    pub(super) fn room(&mut self, filled: usize, count: usize) -> &mut [u8] {
        let needed = filled + count;
        if self.bytes.is_empty() {
            // Zeroed memory fresh from the system costs nothing, zeroing it here would.
            self.bytes = vec![0; needed];
        } else if self.bytes.len() < needed {
            self.bytes.resize(needed, 0);
        }
        &mut self.bytes[filled..needed]
    }

    /// Returns where the last transaction ends.
    pub(super) fn committed(&self) -> usize {
        self.bounds.last().map_or(0, |bounds| bounds.frames.end)
    }
}

impl<'a> Transaction<'a> {
    /// Returns the transaction's number in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the database's size after it, in pages.
    #[must_use]
    pub fn pages_after(&self) -> u32 {
        self.pages_after
    }

    /// Returns how many images the log holds of it.
    #[must_use]
    pub fn image_count(&self) -> usize {
        self.frames.len() / self.frame_bytes
    }

    /// Yields page numbers and images in the log's order.
    ///
    /// A page may come more than once, and the last image counts; a page behind
    /// [`Transaction::pages_after`] was cut off again by the same transaction.
    pub fn images(&self) -> Images<'a> {
        self.frames
            .chunks_exact(self.frame_bytes)
            .map(|bytes| (frame::page_number(bytes), frame::page(bytes)))
    }

    /// Returns what the transaction leaves: the last image of every page it wrote and did not cut
    /// off, by rising page number.
    #[must_use]
    pub fn final_images(&self) -> Vec<(u32, &'a [u8])> {
        let mut images: Vec<_> = self.images().filter(|&(page, _)| page <= self.pages_after).collect();
        // The sort is stable, so of a page's images the last in the log comes last.
        images.sort_by_key(|&(page, _)| page);
        images.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                *kept = *next;
            }
            same
        });
        images
    }
}
