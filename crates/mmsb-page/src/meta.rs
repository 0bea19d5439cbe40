//! One page's lock word: the epoch of its newest bytes, and who holds it.
//!
//! The low 8 bits name the owner: 0 nobody, 1..=254 a committer, 255 a reader. The other 56 hold the
//! epoch's number; at a million commits a second they last two thousand years.
//!
//! Invariant: only the owner named by a locked word stores over it.

use mmsb_types::{Epoch, limits::COMMITTERS_MAX};

const OWNER_BITS: u32 = 8;
const OWNER_MASK: u64 = (1 << OWNER_BITS) - 1;

/// The owner number of all readers.
pub(crate) const READER: u8 = 255;

const _: () = assert!(COMMITTERS_MAX == READER as usize - 1);

/// Returns the owner that the word names; 0 for none.
#[inline]
pub(crate) const fn owner(word: u64) -> u8 {
    (word & OWNER_MASK) as u8
}

/// Returns the epoch of the page's newest published bytes.
#[inline]
pub(crate) const fn epoch(word: u64) -> Epoch {
    Epoch::new(word >> OWNER_BITS)
}

/// Returns the word of a page that nobody holds, last changed by `epoch`.
#[inline]
pub(crate) const fn unlocked(epoch: Epoch) -> u64 {
    epoch.get() << OWNER_BITS
}

/// Returns an unlocked word with an owner.
#[inline]
pub(crate) const fn locked(word: u64, owner: u8) -> u64 {
    word | owner as u64
}
