//! Size classes: which slot a page of a given length gets.
//!
//! Slots are counted in units of 64 bytes, a cache line. Four classes per doubling, so a slot wastes
//! less than a fifth of itself (up to three quarters of a line more for the smallest pages). Above 8 KiB eight,
//! and less than a ninth: there is the most to lose, and what finer classes leave free can go bare.
//!
//! Invariant: slot sizes rise with the class, and `SizeClass::of(b)` is the smallest that holds `b`.

#[cfg(test)]
mod tests;

use mmsb_types::limits::PAGE_BYTES_MAX;

/// Bytes of a unit: the alignment of every slot.
pub(crate) const UNIT_BYTES: usize = 64;
/// How many classes there are.
pub(crate) const CLASS_COUNT: usize = 112;

const _: () = assert!(SizeClass(FINE_FROM as u8 - 1).units() == FINE_ABOVE_UNITS as u64);
const _: () = assert!(SizeClass(CLASS_COUNT as u8 - 1).bytes() == PAGE_BYTES_MAX as usize);

/// One of the slot sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SizeClass(u8);

impl SizeClass {
    /// Returns the smallest class that holds `bytes`, which is in `1..=PAGE_BYTES_MAX`.
    pub(crate) const fn of(bytes: u32) -> Self {
        let units = bytes.div_ceil(UNIT_BYTES as u32);
        if units <= 4 {
            return Self(units as u8 - 1);
        }
        let log2 = (units - 1).ilog2();
        if units <= FINE_ABOVE_UNITS {
            return Self((4 * (log2 - 2) + ((units - 1) >> (log2 - 2))) as u8);
        }
        let step = (units - 1) >> (log2 - 3);
        Self((FINE_FROM + 8 * (log2 - FINE_ABOVE_UNITS.ilog2()) + step - 8) as u8)
    }

    /// Returns the class with this number, if there is one.
    pub(crate) const fn from_index(index: usize) -> Option<Self> {
        if index < CLASS_COUNT { Some(Self(index as u8)) } else { None }
    }

    /// Returns the class's number, counted from the smallest.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the class that [`SizeClass::bits`] were made of; other bits, beyond the seven, do not count.
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits as u8 % NUMBERS as u8)
    }

    /// Returns seven bits that stand for the class.
    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0 as u64
    }

    /// Returns the slot's size in units.
    #[inline]
    pub(crate) const fn units(self) -> u64 {
        // The remainder is for the compiler, which then sees that no index is out of bounds.
        UNITS[self.0 as usize % NUMBERS] as u64
    }

    /// Returns the slot's size in bytes.
    pub(crate) const fn bytes(self) -> usize {
        self.units() as usize * UNIT_BYTES
    }
}

/// The largest slot before the classes get finer, in units, and the first class beyond it.
const FINE_ABOVE_UNITS: u32 = 128;
const FINE_FROM: u32 = 24;

/// Numbers that seven bits can name.
const NUMBERS: usize = 128;

/// Every class's size in units: a load is shorter than the arithmetic. Numbers of no class have none.
const UNITS: [u32; NUMBERS] = {
    let mut units = [0; NUMBERS];
    let mut class = 0;
    while class < CLASS_COUNT as u32 {
        units[class as usize] = if class < 4 {
            class + 1
        } else if class < FINE_FROM {
            (5 + class % 4) << (class / 4 - 1)
        } else {
            let fine = class - FINE_FROM;
            (9 + fine % 8) << (fine / 8 + FINE_ABOVE_UNITS.ilog2() - 3)
        };
        class += 1;
    }
    units
};
