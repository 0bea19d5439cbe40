//! Where a page's node lies: from page ids to slots.
//!
//! Ids mostly rise together, so they are kept in chunks of 64: pages made together are found together.

use std::collections::HashMap;

use mmsb_types::PageId;

const CHUNK_BITS: u32 = 6;
const CHUNK: usize = 1 << CHUNK_BITS;
const NONE: u32 = u32::MAX;

/// A map from page ids to slots. Invariant: no chunk is without a slot.
#[derive(Clone, Debug, Default)]
pub struct Places {
    chunks: HashMap<u64, Box<Chunk>>,
}

#[derive(Clone, Debug)]
struct Chunk {
    slots: [u32; CHUNK],
    count: u32,
}

impl Places {
    /// Returns the page's slot.
    pub fn get(&self, page: PageId) -> Option<u32> {
        let (key, index) = split(page);
        let slot = self.chunks.get(&key)?.slots[index];
        (slot != NONE).then_some(slot)
    }

    /// Puts a page that has no slot yet into this one.
    pub fn insert(&mut self, page: PageId, slot: u32) {
        let (key, index) = split(page);
        let chunk = self.chunks.entry(key).or_insert_with(Chunk::empty);
        debug_assert_eq!(chunk.slots[index], NONE, "{page:?} has a slot");
        chunk.slots[index] = slot;
        chunk.count += 1;
    }

    /// Forgets a page that has a slot.
    pub fn remove(&mut self, page: PageId) {
        let (key, index) = split(page);
        let Some(chunk) = self.chunks.get_mut(&key) else { return };
        chunk.slots[index] = NONE;
        chunk.count -= 1;
        if chunk.count == 0 {
            self.chunks.remove(&key);
        }
    }

    /// Goes through all pages and their slots, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (PageId, u32)> {
        self.chunks.iter().flat_map(|(&key, chunk)| {
            let pages = (key << CHUNK_BITS..).map(PageId::new);
            pages.zip(chunk.slots).filter(|&(_, slot)| slot != NONE)
        })
    }
}

impl Chunk {
    fn empty() -> Box<Self> {
        Box::new(Self { slots: [NONE; CHUNK], count: 0 })
    }
}

fn split(page: PageId) -> (u64, usize) {
    (page.get() >> CHUNK_BITS, page.get() as usize % CHUNK)
}
