//! Inputs: pairs of page images that differ by a given share, and small changes of random pages.

use mmsb_delta::Patch;
use mmsb_types::PageId;

use crate::Random;

/// Length of a [`Change`], in bytes.
pub const CHANGE_BYTES: usize = 32;
/// Length of the pages that changes are for, in bytes.
pub const CHANGED_PAGE_BYTES: usize = 1 << 10;

/// A page before and after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The bytes before.
    pub old: Vec<u8>,
    /// The bytes after.
    pub new: Vec<u8>,
}

impl Pair {
    /// Makes a random page of `page_bytes`, each byte of which changes with a chance of `percent`.
    #[must_use]
    pub fn random(random: &mut Random, page_bytes: usize, percent: usize) -> Self {
        let old = random.bytes(page_bytes);
        let change = |byte: &u8| {
            // Adding 1 to 255 never gives the same byte again.
            if random.below(100) < percent { byte.wrapping_add(1 + random.below(255) as u8) } else { *byte }
        };
        let new = old.iter().map(change).collect();
        Self { old, new }
    }

    /// Makes `count` pairs.
    #[must_use]
    pub fn many(random: &mut Random, count: usize, page_bytes: usize, percent: usize) -> Vec<Self> {
        (0..count).map(|_| Self::random(random, page_bytes, percent)).collect()
    }
}

/// 32 random bytes for a random place, at any byte, of a random page of 1 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which page, from 1.
    pub page: PageId,
    /// First byte.
    pub offset: u32,
    /// What is written there.
    pub bytes: [u8; CHANGE_BYTES],
}

impl Change {
    /// Makes `count` changes of `pages` pages.
    #[must_use]
    pub fn many(random: &mut Random, count: usize, pages: usize) -> Vec<Self> {
        (0..count).map(|_| Self::random(random, pages)).collect()
    }

    /// Returns the change as a patch.
    #[must_use]
    pub fn patch(&self) -> Patch<'_> {
        Patch::Bytes { offset: self.offset, bytes: &self.bytes }
    }

    /// Makes a change of one of `pages` pages.
    #[must_use]
    pub fn random(random: &mut Random, pages: usize) -> Self {
        const PLACES: usize = CHANGED_PAGE_BYTES - CHANGE_BYTES + 1;
        let page = PageId::new(1 + random.below(pages) as u64);
        let mut bytes = [0; CHANGE_BYTES];
        let words = bytes.as_chunks_mut::<8>().0;
        words.iter_mut().for_each(|word| *word = random.next_u64().to_le_bytes());
        Self { page, offset: random.below(PLACES) as u32, bytes }
    }
}
