//! The index of a checkpoint: where each block is, what it begins with, and what it must be.
//!
//! Invariant: blocks lie one after the other from the head to the metadata; their first ids rise; what they
//! hold adds up to what the footer says.

use super::{block::BLOCK_HEAD_BYTES, footer::Footer, head::HEAD_BYTES, row::ROW_BYTES};
use crate::{
    Fault,
    frame::{u32_at, u64_at},
};

/// Bytes of one block's entry.
pub(super) const ENTRY_BYTES: usize = 64;

/// What the index knows of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its first page.
    pub(super) first_page: u64,
    /// Where it starts in the file.
    pub(super) offset: u64,
    /// Bytes of its pages, as they are in memory.
    pub(super) page_bytes: u64,
    /// How many pages it holds, at least one.
    pub(super) page_count: u32,
    /// The checksum in its head.
    pub(super) checksum: u32,
    /// BLAKE3 of all its bytes.
    pub(super) hash: [u8; 32],
}

impl Entry {
    /// Appends the entry's bytes.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.first_page.to_le_bytes());
        out.extend(self.offset.to_le_bytes());
        out.extend(self.page_bytes.to_le_bytes());
        out.extend(self.page_count.to_le_bytes());
        out.extend(self.checksum.to_le_bytes());
        out.extend(self.hash);
    }

    fn parse(bytes: &[u8; ENTRY_BYTES]) -> Self {
        Self {
            first_page: u64_at(bytes, 0),
            offset: u64_at(bytes, 8),
            page_bytes: u64_at(bytes, 16),
            page_count: u32_at(bytes, 24),
            checksum: u32_at(bytes, 28),
            hash: *bytes[32..].first_chunk().expect("an entry is longer"),
        }
    }
}

/// Reads an index whose checksum was right, and checks that it describes the file that `footer` does.
///
/// # Errors
/// The fault, and the offset in the index where it is.
pub(super) fn parse(bytes: &[u8], footer: &Footer) -> Result<Vec<Entry>, (u64, Fault)> {
    let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
    let mut index: Vec<Entry> = Vec::new();
    let no_room = |_| (0, Fault::Layout("no memory for the index"));
    index.try_reserve_exact(entries.len()).map_err(no_room)?;
    index.extend(entries.iter().map(Entry::parse));
    let (mut expected, mut pages, mut bytes) = (HEAD_BYTES as u64, 0, 0u64);
    for (number, entry) in index.iter().enumerate() {
        let end = index.get(number + 1).map_or(footer.meta_at, |next| next.offset);
        let rises = index.get(number + 1).is_none_or(|next| entry.first_page < next.first_page);
        let least = BLOCK_HEAD_BYTES as u64 + ROW_BYTES as u64 * u64::from(entry.page_count);
        let is_long_enough = end.checked_sub(entry.offset).is_some_and(|len| len >= least);
        if entry.offset != expected || !is_long_enough || !rises || entry.page_count == 0 {
            let fault = Fault::Layout("the index names blocks out of order or of impossible length");
            return Err(((number * ENTRY_BYTES) as u64, fault));
        }
        expected = end;
        pages += u64::from(entry.page_count);
        bytes = bytes.saturating_add(entry.page_bytes);
    }
    if (expected, pages, bytes) != (footer.meta_at, footer.page_count, footer.page_bytes) {
        return Err((0, Fault::Layout("the index does not add up to what the footer says")));
    }
    Ok(index)
}
