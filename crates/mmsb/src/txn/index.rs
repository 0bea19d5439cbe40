//! From a page to its place in a transaction.
//!
//! Ids are numbers that rise from 1, handed out by the bus itself: one multiplication spreads them well
//! enough, and no stranger chooses them.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use mmsb_types::PageId;

/// Places by page.
pub(super) type PageIndex = HashMap<PageId, usize, BuildHasherDefault<IdHasher>>;

/// Multiplies by 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let product = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The table takes its place from the low bits, which a product mixes least.
        self.0 = product ^ (product >> 32);
    }
}
