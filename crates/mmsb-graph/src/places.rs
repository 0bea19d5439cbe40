//! Where a page's node lies: from page ids to slots.
//!
//! Ids mostly rise together from 1, so they are kept in chunks of 64, and pages made together are found together.
//! Chunks of small ids lie in a list; its length is bounded, so that a few ids far apart cost little.

use std::collections::HashMap;

use mmsb_types::PageId;

const CHUNK_BITS: u32 = 6;
const CHUNK: usize = 1 << CHUNK_BITS;
/// Chunks that may lie in the list: of ids below 2^26, in 8 MiB at most.
const NEAR_MAX: usize = 1 << 20;
const NONE: u32 = u32::MAX;

/// A map from page ids to slots. Invariant: no chunk is without a slot.
#[derive(Clone, Debug, Default)]
pub struct Places {
    near: Vec<Option<Box<Chunk>>>,
    far: HashMap<usize, Box<Chunk>>,
}

#[derive(Clone, Debug)]
struct Chunk {
    slots: [u32; CHUNK],
    count: u32,
}

impl Places {
    /// Returns the page's slot.
    #[inline]
    pub fn get(&self, page: PageId) -> Option<u32> {
        let (key, index) = split(page);
        let chunk = match self.near.get(key) {
            Some(chunk) => chunk.as_ref(),
            None => self.far.get(&key),
        };
        chunk.map(|chunk| chunk.slots[index]).filter(|&slot| slot != NONE)
    }

    /// Puts a page that has no slot yet into this one.
    pub fn insert(&mut self, page: PageId, slot: u32) {
        let (key, index) = split(page);
        let chunk = self.chunk(key);
        debug_assert_eq!(chunk.slots[index], NONE, "{page:?} has a slot");
        chunk.slots[index] = slot;
        chunk.count += 1;
    }

    /// Forgets a page that has a slot.
    pub fn remove(&mut self, page: PageId) {
        let (key, index) = split(page);
        let chunk = self.chunk(key);
        debug_assert_ne!(chunk.slots[index], NONE, "{page:?} has no slot");
        chunk.slots[index] = NONE;
        chunk.count -= 1;
        if chunk.count == 0 {
            self.forget(key);
        }
    }

    fn chunk(&mut self, key: usize) -> &mut Chunk {
        if key >= NEAR_MAX {
            return self.far.entry(key).or_insert_with(Chunk::empty);
        }
        if key >= self.near.len() {
            self.near.resize_with(key + 1, || None);
        }
        self.near[key].get_or_insert_with(Chunk::empty)
    }

    fn forget(&mut self, key: usize) {
        match self.near.get_mut(key) {
            Some(chunk) => *chunk = None,
            None => drop(self.far.remove(&key)),
        }
    }

    /// Returns how many pages have a slot.
    pub fn count(&self) -> usize {
        let chunks = self.near.iter().flatten().chain(self.far.values());
        chunks.map(|chunk| chunk.count as usize).sum()
    }
}

impl Chunk {
    fn empty() -> Box<Self> {
        Box::new(Self { slots: [NONE; CHUNK], count: 0 })
    }
}

const fn split(page: PageId) -> (usize, usize) {
    let number = page.get() as usize;
    (number >> CHUNK_BITS, number % CHUNK)
}
