//! A hasher for ids that rise from 1 and come from the bus itself.
//!
//! Invariant: equal numbers give equal hashes. It does not stand against somebody who chooses the numbers.

use core::hash::{BuildHasherDefault, Hasher};

/// Builds [`IdHasher`]s, for a map whose keys are ids.
pub type IdHash = BuildHasherDefault<IdHasher>;

/// Multiplies by 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4), which spreads numbers
/// that follow on one another.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        let product = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // A table takes its place from the low bits, which a product mixes least.
        self.0 = product ^ (product >> 32);
    }
}
