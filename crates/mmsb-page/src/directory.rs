//! One page's directory word: where its bytes are, and whether it lives.
//!
//! Bits, from the lowest: live, changing, has_dependents, is_derived, exact, one unused; the slot's address
//! 42 (it is a multiple of 64, so the whole address stands where it belongs), class 7, generation 9.
//!
//! The address itself, and not a number to look it up by: a reader goes from the word straight to the bytes,
//! with one operation between. Addresses of programs stay below 2^48 on the systems there are; the arena
//! refuses memory beyond.
//!
//! `changing` is set while an id is between two lives: from `prepare` to birth, and inside a
//! retirement. It keeps a second birth away until the lock word is settled. `has_dependents` and
//! `is_derived` are the graph's, see `marks.rs`; every life begins without them.
//!
//! `exact` says that a living page fills its slot, so that its length is the slot's and the column of
//! lengths need not be looked at.
//!
//! Generations are a second bolt on a locked door, so nine bits are plenty. A reader compares lock words,
//! too, and epochs rise with every life; a locker compares directory words under the lock, when the word
//! that it finds is the page's own. 2^9 lives of one id that pass unseen between two loads harm neither.
//! Who only asks for a length looks at no lock word; he may get that of a life between, which was right
//! while he asked. No word of any generation leads outside the slots.
//!
//! Invariant: a word is never both live and changing; a word that is not live is not exact; generations
//! count the deaths of an id, modulo 2^9, so no word of one life equals a word of the next; a live word
//! was made of a slot.

#[cfg(test)]
mod tests;

use std::ptr::NonNull;

use crate::{
    class::{SizeClass, UNIT_BYTES},
    sync::{AtomicU64, Ordering},
};

const FLAG_BITS: u32 = UNIT_BYTES.ilog2();
const CLASS_SHIFT: u32 = 48;
const CLASS_BITS: u32 = 7;
const GENERATION_SHIFT: u32 = CLASS_SHIFT + CLASS_BITS;

const LIVE: u64 = 1;
const CHANGING: u64 = LIVE << 1;
const MARK_SHIFT: u32 = 2;
const MARKS: u64 = 0b11 << MARK_SHIFT;
const EXACT: u64 = LIVE << 4;

const _: () = assert!(MARKS & (LIVE | CHANGING | EXACT) == 0);

const _: () = assert!(EXACT < 1 << FLAG_BITS);
const _: () = assert!(crate::class::CLASS_COUNT <= 1 << CLASS_BITS);

/// Slots end at this address or below.
pub(crate) const ADDRESS_MAX: u64 = 1 << CLASS_SHIFT;

/// Where a slot begins, and how large it is.
///
/// Invariant: an arena cut it. So its bytes are initialized memory, aligned to [`UNIT_BYTES`], that ends
/// below [`ADDRESS_MAX`], belongs to a mapping whose provenance is exposed, and stays as long as the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    address: u64,
    /// The slot's size.
    pub(crate) class: SizeClass,
}

/// A directory word, read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Directory(u64);

/// Where a directory word stands: nothing else gets in. All zero bytes are the word of an id that never lived.
#[repr(transparent)]
pub(crate) struct Stored(AtomicU64);

impl Slot {
    /// Names a slot.
    ///
    /// # Safety
    /// It is as the type's invariant says.
    pub(crate) const unsafe fn new(address: u64, class: SizeClass) -> Self {
        Self { address, class }
    }

    /// Returns the address of the slot's first byte.
    pub(crate) const fn address(self) -> u64 {
        self.address
    }

    /// Returns a pointer to the slot's first byte, to be used as long as the arena lives.
    #[inline]
    pub(crate) fn start(self) -> NonNull<u8> {
        let start = std::ptr::with_exposed_provenance_mut(self.address as usize);
        // SAFETY: the type invariant: inside a mapping, so not null.
        unsafe { NonNull::new_unchecked(start) }
    }
}

impl Directory {
    /// Returns the page's slot if the page lives.
    #[inline]
    pub(crate) const fn slot(self) -> Option<Slot> {
        if self.0 & LIVE == 0 {
            return None;
        }
        // The file's invariant: these are the bits of a slot.
        let address = self.0 & (ADDRESS_MAX - (1 << FLAG_BITS));
        Some(Slot { address, class: SizeClass::from_bits(self.0 >> CLASS_SHIFT) })
    }

    /// Tells whether the living page fills its slot to the last byte.
    #[inline]
    pub(crate) const fn is_exact(self) -> bool {
        self.0 & EXACT != 0
    }

    /// Returns the graph's two bits.
    #[inline]
    pub(crate) const fn marks(self) -> u8 {
        ((self.0 & MARKS) >> MARK_SHIFT) as u8
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
        Self(self.generation() | LIVE | exact | slot.class.bits() << CLASS_SHIFT | slot.address)
    }

    /// Returns the word of the next generation, between two lives.
    pub(crate) const fn retired(self) -> Self {
        Self(self.0.wrapping_add(1 << GENERATION_SHIFT)).changing()
    }

    const fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT << GENERATION_SHIFT
    }
}

impl Stored {
    /// Reads the word; what was stored before it is visible, too.
    #[inline]
    pub(crate) fn load(&self) -> Directory {
        Directory(self.0.load(Ordering::Acquire))
    }

    /// Stores the word, behind everything stored before.
    #[inline]
    pub(crate) fn store(&self, word: Directory) {
        self.0.store(word.0, Ordering::Release);
    }

    /// Sets the graph's two bits, if the page lives; false if not.
    pub(crate) fn set_marks(&self, marks: u8) -> bool {
        let with =
            |word: u64| (word & LIVE != 0).then_some(word & !MARKS | u64::from(marks) << MARK_SHIFT & MARKS);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, with).is_ok()
    }

    /// Replaces a word by another; false if it was not there any more.
    pub(crate) fn replace(&self, from: Directory, to: Directory) -> bool {
        self.0.compare_exchange(from.0, to.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}
