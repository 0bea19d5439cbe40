//! The log ring: reserved ranges filled by committers in any order, drained by the flusher in order.
//!
//! Completion lives in done slots of their own, never inside the ring, where payload could forge it. A slot
//! holds the number's low 48 bits, so a slot of an older lap never passes for a new one. Neighbouring numbers
//! have slots in different cache lines: they are often those of two cores.
//!
//! Invariant: units handed out and not yet drained never exceed the ring, for each is paid for in credit
//! first; so no range is written twice before it was drained, and no slot either.

#[cfg(all(test, not(loom)))]
mod tests;

use std::io;

use crossbeam_utils::CachePadded;
use mmsb_types::{
    env,
    limits::{BOXED_ABOVE_BYTES, COUNT_CREDITS, RESERVATION_BYTES_MIN, RING_BYTES_MAX},
};

use crate::{
    frame::LINE_WORDS,
    sync::{AtomicU64, Fault, Ordering, is_planted, order},
};

/// Bytes of one unit.
pub(crate) const UNIT_BYTES: usize = 8;
const UNITS_MIN: u64 = (RESERVATION_BYTES_MIN / UNIT_BYTES) as u64;
const SLOT_UNIT_BITS: u32 = 15;
const SLOT_NUMBER_SHIFT: u32 = 16;
/// So many numbers, as a power of two, have slots far from each other before neighbouring slots are used.
const FAR_BITS_MAX: u32 = 6;
/// Words that go out of the ring in one piece.
const BLOCK_WORDS: usize = 8;

const _: () = assert!(BOXED_ABOVE_BYTES / UNIT_BYTES < 1 << SLOT_UNIT_BITS);
const _: () = assert!(RING_BYTES_MAX / RESERVATION_BYTES_MIN <= COUNT_CREDITS);

/// The ring, its done slots and its credit.
#[derive(Debug)]
pub(crate) struct Ring {
    words: Box<[AtomicU64]>,
    slots: Box<[AtomicU64]>,
    /// A number's lowest bits, which choose its slot's line, and the distance of such lines.
    far_bits: u32,
    far_shift: u32,
    /// Units that nobody has taken, as an `i64`: below zero for a moment, until who asked too much gives back.
    credit: CachePadded<AtomicU64>,
}

/// What a done slot says about the frame of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Units it reserved.
    pub(crate) units: u64,
    /// The ring holds the index of a box, not the frame.
    pub(crate) boxed: bool,
}

impl Ring {
    /// Returns the bytes that the ring and its slots take.
    pub(crate) fn bytes(&self) -> u64 {
        (size_of_val(&*self.words) + size_of_val(&*self.slots)) as u64
    }

    /// Makes a ring of `bytes`, a power of two.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        let words = zeros(bytes / UNIT_BYTES)?;
        // No frame's: none reserves nothing.
        let slots = zeros(bytes / RESERVATION_BYTES_MIN)?;
        let slot_bits = slots.len().trailing_zeros();
        let far_bits = slot_bits.min(FAR_BITS_MAX);
        let credit = AtomicU64::new((bytes / UNIT_BYTES) as u64).into();
        Ok(Self { words, slots, far_bits, far_shift: slot_bits - far_bits, credit })
    }

    /// Returns the units that a frame of `bytes` reserves.
    #[inline]
    pub(crate) fn units_for(bytes: usize) -> u64 {
        (bytes.div_ceil(UNIT_BYTES) as u64).max(UNITS_MIN)
    }

    /// Takes credit for `units`; returns what is left, or `None` if there is not enough.
    ///
    /// Taken first and given back if it was too much: one step where there is enough. Who asks in between may
    /// be refused in vain.
    #[inline]
    pub(crate) fn take_credit(&self, units: u64) -> Option<u64> {
        if is_planted(Fault::CreditUnchecked) {
            return Some(0);
        }
        let had = self.credit.fetch_sub(units, Ordering::Acquire);
        let left = had.wrapping_sub(units) as i64;
        if left < 0 {
            self.return_credit(units);
        }
        u64::try_from(left).ok()
    }

    /// Gives credit for `units` back.
    #[inline]
    pub(crate) fn return_credit(&self, units: u64) {
        self.credit.fetch_add(units, Ordering::Release);
    }

    /// Tells whether less than `3/4` of the ring is free.
    #[inline]
    pub(crate) fn is_filling(&self, credit_left: u64) -> bool {
        credit_left < self.words.len() as u64 / 4 * 3
    }

    /// Stores `bytes`, whole units, from position `unit` of the caller's own reservation.
    pub(crate) fn write(&self, unit: u64, bytes: &[u8]) {
        let start = self.index(unit);
        let (words, rest) = bytes.as_chunks::<UNIT_BYTES>();
        debug_assert!(rest.is_empty(), "frames are whole units");
        let (before_wrap, after_wrap) = words.split_at(words.len().min(self.words.len() - start));
        let store = |(word, bytes): (&AtomicU64, &[u8; UNIT_BYTES])| {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        };
        self.words[start..].iter().zip(before_wrap).for_each(store);
        self.words.iter().zip(after_wrap).for_each(store);
    }

    /// Stores a line from position `unit` of the caller's own reservation.
    #[inline]
    pub(crate) fn write_line(&self, unit: u64, line: [u64; LINE_WORDS]) {
        match self.words[self.index(unit)..].first_chunk::<LINE_WORDS>() {
            Some(words) => {
                words.iter().zip(line).for_each(|(word, value)| word.store(value, Ordering::Relaxed))
            }
            None => (unit..).zip(line).for_each(|(unit, value)| {
                self.words[self.index(unit)].store(value, Ordering::Relaxed);
            }),
        }
    }

    /// Appends `units` from position `unit` to `out`.
    pub(crate) fn read(&self, unit: u64, units: u64, out: &mut Vec<u8>) {
        let (start, count) = (self.index(unit), units as usize);
        out.reserve(count * UNIT_BYTES);
        let before_wrap = count.min(self.words.len() - start);
        for stretch in [&self.words[start..start + before_wrap], &self.words[..count - before_wrap]] {
            let (blocks, rest) = stretch.as_chunks::<BLOCK_WORDS>();
            for block in blocks {
                let bytes = block.each_ref().map(|word| word.load(Ordering::Relaxed).to_le_bytes());
                out.extend_from_slice(bytes.as_flattened());
            }
            rest.iter().for_each(|word| out.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes()));
        }
    }

    /// Returns the word at position `unit`.
    pub(crate) fn word(&self, unit: u64) -> u64 {
        self.words[self.index(unit)].load(Ordering::Relaxed)
    }

    /// Tells everyone that the frame `number` is in the ring.
    #[inline]
    pub(crate) fn set_done(&self, number: u64, done: Done) {
        let word = number << SLOT_NUMBER_SHIFT | done.units << 1 | u64::from(done.boxed);
        self.slot(number).store(word, order(Fault::DoneSlot, Ordering::Release));
    }

    /// Returns what the frame `number` reserved, once it is in the ring.
    pub(crate) fn done(&self, number: u64) -> Option<Done> {
        let word = self.slot(number).load(Ordering::Acquire);
        let units = word >> 1 & ((1 << SLOT_UNIT_BITS) - 1);
        let is_own = word >> SLOT_NUMBER_SHIFT == number & (u64::MAX >> SLOT_NUMBER_SHIFT);
        (is_own && units > 0).then_some(Done { units, boxed: word & 1 == 1 })
    }

    #[inline]
    fn slot(&self, number: u64) -> &AtomicU64 {
        let (number, mask) = (number as usize, self.slots.len() - 1);
        &self.slots[((number << self.far_shift) | ((number & mask) >> self.far_bits)) & mask]
    }

    #[inline]
    fn index(&self, unit: u64) -> usize {
        unit as usize & (self.words.len() - 1)
    }
}

fn zeros(count: usize) -> io::Result<Box<[AtomicU64]>> {
    let mut words = Vec::new();
    env::reserve(&mut words, count)?;
    words.resize_with(count, || AtomicU64::new(0));
    Ok(words.into_boxed_slice())
}
