//! One page's directory word: where its bytes are, and whether it lives.
//!
//! Bits, from the lowest: slot 38 (in units of 64 bytes), class 7, live, changing, has_dependents,
//! is_derived, exact, generation 14.
//!
//! `changing` is set while an id is between two lives: from `prepare` to birth, and inside a
//! retirement. It keeps a second birth away until the lock word is settled. `has_dependents` and
//! `is_derived` are the graph's; nothing sets them yet, and every life begins without them.
//!
//! `exact` says that a living page fills its slot, so that its length is the slot's and the column of
//! lengths need not be looked at.
//!
//! Generations are a second bolt on a locked door. A reader compares lock words too, and epochs rise
//! with every life; a locker compares directory words under the lock, when the word that it finds is
//! the page's own. 2^14 lives of one id that pass unseen between two loads harm neither.
//!
//! Invariant: a word is never both live and changing; a word that is not live is not exact; generations
//! count the deaths of an id, modulo 2^14, so no word of one life equals a word of the next.

use crate::class::SizeClass;

const SLOT_BITS: u32 = 38;
const CLASS_BITS: u32 = 7;
const FLAG_BITS: u32 = 5;
const GENERATION_BITS: u32 = 14;

const LIVE: u64 = 1 << (SLOT_BITS + CLASS_BITS);
const CHANGING: u64 = LIVE << 1;
// Two bits between belong to the graph.
const EXACT: u64 = LIVE << 4;
const GENERATION_SHIFT: u32 = SLOT_BITS + CLASS_BITS + FLAG_BITS;

const _: () = assert!(GENERATION_SHIFT + GENERATION_BITS == u64::BITS);
const _: () = assert!(crate::class::CLASS_COUNT <= 1 << CLASS_BITS);

/// Slots lie below this unit: 16 TiB.
pub(crate) const UNIT_MAX: u64 = 1 << SLOT_BITS;

/// Where a slot begins, in units of 64 bytes, and how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The slot's first unit.
    pub(crate) unit: u64,
    /// The slot's size.
    pub(crate) class: SizeClass,
}

/// A directory word, read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Directory(u64);

impl Directory {
    /// Reads a stored word.
    #[inline]
    pub(crate) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// Returns the word to store.
    #[inline]
    pub(crate) const fn word(self) -> u64 {
        self.0
    }

    /// Returns the page's slot if the page lives.
    #[inline]
    pub(crate) const fn slot(self) -> Option<Slot> {
        if self.0 & LIVE == 0 {
            return None;
        }
        let class = (self.0 >> SLOT_BITS) as usize & ((1 << CLASS_BITS) - 1);
        match SizeClass::from_index(class) {
            Some(class) => Some(Slot { unit: self.0 & (UNIT_MAX - 1), class }),
            None => None,
        }
    }

    /// Tells whether the living page fills its slot to the last byte.
    #[inline]
    pub(crate) const fn is_exact(self) -> bool {
        self.0 & EXACT != 0
    }

    /// Tells whether a new life may begin.
    pub(crate) const fn is_free(self) -> bool {
        self.0 & (LIVE | CHANGING) == 0
    }

    /// Returns the word of an id between two lives, of this word's generation.
    pub(crate) const fn changing(self) -> Self {
        Self(self.generation() | CHANGING)
    }

    /// Returns the word of an id without a life, of this word's generation.
    pub(crate) const fn free(self) -> Self {
        Self(self.generation())
    }

    /// Returns the word of a page of `page_bytes` that lives in `slot`, of this word's generation.
    pub(crate) const fn live(self, slot: Slot, page_bytes: u32) -> Self {
        let exact = if page_bytes as usize == slot.class.bytes() { EXACT } else { 0 };
        Self(self.generation() | LIVE | exact | (slot.class.index() as u64) << SLOT_BITS | slot.unit)
    }

    /// Returns the word of the next generation, between two lives.
    pub(crate) const fn retired(self) -> Self {
        Self(self.0.wrapping_add(1 << GENERATION_SHIFT)).changing()
    }

    const fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT << GENERATION_SHIFT
    }
}

#[cfg(test)]
mod tests {
    use super::{Directory, GENERATION_SHIFT, Slot, UNIT_MAX};
    use crate::class::{CLASS_COUNT, SizeClass};

    #[test]
    fn a_life_and_the_next_one() {
        let class = SizeClass::from_index(CLASS_COUNT - 1).unwrap();
        let slot = Slot { unit: UNIT_MAX - 1, class };
        let born = Directory::from_word(0).changing().live(slot, class.bytes() as u32 - 1);
        assert_eq!((born.slot(), born.is_exact()), (Some(slot), false));
        assert!(!born.is_free());
        let dying = born.retired();
        assert_eq!((dying.slot(), dying.is_free()), (None, false));
        assert!(dying.free().is_free());
        let again = dying.changing().live(slot, class.bytes() as u32);
        assert_eq!((again.slot(), again.is_exact()), (Some(slot), true));
        assert_eq!((again.retired().slot(), again.retired().is_exact()), (None, false));
        assert_eq!(dying.free().word(), 1 << GENERATION_SHIFT);
        assert_eq!(again.retired().free().word(), 2 << GENERATION_SHIFT);
    }

    #[test]
    fn generations_wrap_into_nothing_else() {
        let last = Directory::from_word(u64::MAX << GENERATION_SHIFT);
        assert_eq!(last.retired().free().word(), 0);
    }
}
