//! Pairs of page images that differ by a given share: what diff and apply are measured on.

use crate::Random;

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
