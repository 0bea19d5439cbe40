//! A set of slots, one bit each.

const BITS: usize = u64::BITS as usize;

/// Which slots are in.
#[derive(Clone, Debug, Default)]
pub struct Set {
    words: Vec<u64>,
}

impl Set {
    /// Makes room for slots below `bound`.
    pub fn fit(&mut self, bound: usize) {
        if self.words.len() * BITS < bound {
            self.words.resize(bound.div_ceil(BITS), 0);
        }
    }

    /// Puts a slot in.
    pub fn insert(&mut self, slot: u32) {
        self.words[slot as usize / BITS] |= bit(slot);
    }

    /// Takes a slot out.
    pub fn remove(&mut self, slot: u32) {
        self.words[slot as usize / BITS] &= !bit(slot);
    }

    /// Tells whether a slot is in.
    pub fn contains(&self, slot: u32) -> bool {
        self.words[slot as usize / BITS] & bit(slot) != 0
    }
}

const fn bit(slot: u32) -> u64 {
    1 << (slot as usize % BITS)
}
