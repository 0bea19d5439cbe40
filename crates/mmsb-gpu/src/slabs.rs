//! Where mirrored pages lie: slabs, slots in them, and handles that outlive neither.
//!
//! A slab is one long buffer. A page's slot in it begins at a multiple of 256 bytes and is as long as its size
//! class; four classes lie between a power of two and the next, so at most a fifth of a slot is unused, or 255 bytes
//! of it. Freed slots that touch become one gap, from which slots of any class are cut.
//!
//! Invariant: slots never overlap and never pass their slab's end; a slot's generation is that of the one handle
//! that is alive, and rises when it is freed.

mod gaps;

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::GpuError;
use gaps::Gaps;

/// Slots are 256 bytes or more, and all words fewer than 2^36: their number fits 32 bits.
const _: () = assert!(WORDS_MAX / (SLOT_WORDS as u64) <= 1 << 32);

/// Where slots begin, in words of four bytes.
const SLOT_WORDS: u32 = 64;
/// Longest slab, in words (1 GiB): a word op holds 28 bits of index.
pub(crate) const SLAB_WORDS_MAX: u32 = 1 << 28;
/// Words of all slabs together at most: lines of them are counted in 32 bits.
const WORDS_MAX: u64 = (1 << 32) * crate::coalesce::LINE_WORDS as u64;

/// Layouts of maps begin far apart: a plan made for one map is not taken for another's.
static NEXT_LAYOUT: AtomicU64 = AtomicU64::new(0);
const LAYOUTS_PER_MAP: u64 = 1 << 40;

/// A page in slabs. A handle is of use until the page is freed; afterwards every call refuses it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageHandle {
    index: u32,
    generation: u32,
}

/// Where a page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which slab.
    pub slab: u32,
    /// The page's first word in it, counted in words of four bytes; a multiple of 64.
    pub first_word: u32,
    /// The page's length in bytes. Behind it, up to the slot's end, all bytes are zero.
    pub page_bytes: u32,
}

/// The map of all slabs, kept by the host.
#[derive(Debug)]
pub struct Slabs {
    slab_words: u32,
    slab_count_max: u32,
    /// Of each slab, up to which word it was ever given out.
    used: Vec<u32>,
    gaps: Gaps,
    slots: Vec<Slot>,
    /// Slots that no page has.
    free: Vec<u32>,
    layout: u64,
}

#[derive(Debug)]
struct Slot {
    place: Place,
    generation: u32,
    is_alive: bool,
}

/// What has to be done before a page can be put somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is a gap.
    Gap,
    /// A slab must be added first.
    NeedsSlab,
}

impl Slabs {
    /// Makes a map of no slabs, each of which will be `slab_bytes` long, together at most `budget_bytes`. Slabs are
    /// of whole slots, and at most 1 GiB each.
    #[must_use]
    pub fn new(slab_bytes: u64, budget_bytes: u64) -> Self {
        let slab_words = (slab_bytes / 4).min(u64::from(SLAB_WORDS_MAX)) as u32 / SLOT_WORDS * SLOT_WORDS;
        let slab_words = slab_words.max(SLOT_WORDS);
        let words = (budget_bytes / 4).min(WORDS_MAX);
        let slab_count_max = (words / u64::from(slab_words)) as u32;
        let (used, gaps, slots, free) = (Vec::new(), Gaps::default(), Vec::new(), Vec::new());
        let layout = NEXT_LAYOUT.fetch_add(LAYOUTS_PER_MAP, Ordering::Relaxed);
        Self { slab_words, slab_count_max, used, gaps, slots, free, layout }
    }

    /// Returns where a page lies, unless it was freed.
    #[inline]
    #[must_use]
    pub fn place(&self, page: PageHandle) -> Option<Place> {
        let slot = self.slots.get(page.index as usize)?;
        (slot.generation == page.generation && slot.is_alive).then_some(slot.place)
    }

    /// Returns how long each slab is, in words of four bytes.
    #[must_use]
    pub const fn slab_words(&self) -> u32 {
        self.slab_words
    }

    /// Returns how many slabs there are.
    #[must_use]
    pub const fn slab_count(&self) -> usize {
        self.used.len()
    }

    /// Returns the number of this layout: it rises when a page is freed, since its place may then be another's.
    #[must_use]
    pub const fn layout(&self) -> u64 {
        self.layout
    }

    /// Returns where a page lies.
    ///
    /// # Errors
    /// It was freed ([`GpuError::Stale`]).
    pub fn find(&self, page: PageHandle) -> Result<Place, GpuError> {
        self.place(page).ok_or(GpuError::Stale { page })
    }

    /// Tells what pages of these lengths need, to lie behind one another.
    pub(crate) fn room(&self, page_bytes: &[u32]) -> Result<Room, GpuError> {
        let words = page_bytes.iter().map(|bytes| u64::from(class_words(*bytes))).sum::<u64>();
        if words > u64::from(self.slab_words) {
            let page_bytes = page_bytes.iter().fold(0, |sum: u32, bytes| sum.saturating_add(*bytes));
            return Err(GpuError::NeverFits { page_bytes, slab_bytes: u64::from(self.slab_words) * 4 });
        }
        match (self.gaps.has(words as u32), self.used.len() < self.slab_count_max as usize) {
            (true, _) => Ok(Room::Gap),
            (false, true) => Ok(Room::NeedsSlab),
            (false, false) => Err(self.out_of_memory(words as u32)),
        }
    }

    /// Notes a slab that was made, zeroed.
    pub(crate) fn add_slab(&mut self) {
        self.gaps.give((self.used.len() as u32, 0), self.slab_words);
        self.used.push(0);
    }

    /// Takes slots for pages behind one another, after `room` said that there is one and any slab was added. Tells
    /// whether somebody had that memory: then it must be zeroed.
    pub(crate) fn take(&mut self, page_bytes: &[u32]) -> Result<(Vec<PageHandle>, bool), GpuError> {
        let words = page_bytes.iter().map(|bytes| class_words(*bytes)).sum();
        let (slab, mut first_word) = self.gaps.take(words).ok_or_else(|| self.out_of_memory(words))?;
        let used = &mut self.used[slab as usize];
        let is_used = first_word < *used;
        *used = (*used).max(first_word + words);
        let handles = page_bytes.iter().map(|bytes| {
            let place = Place { slab, first_word, page_bytes: *bytes };
            first_word += class_words(*bytes);
            self.slot(place)
        });
        Ok((handles.collect(), is_used))
    }

    fn slot(&mut self, place: Place) -> PageHandle {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            (slot.is_alive, slot.place) = (true, place);
            return PageHandle { index, generation: slot.generation };
        }
        self.slots.push(Slot { place, generation: 0, is_alive: true });
        PageHandle { index: self.slots.len() as u32 - 1, generation: 0 }
    }

    /// Frees a page's slot.
    pub(crate) fn free(&mut self, page: PageHandle) -> Result<(), GpuError> {
        let place = self.find(page)?;
        let slot = &mut self.slots[page.index as usize];
        slot.is_alive = false;
        self.layout += 1;
        self.gaps.give(place.start(), class_words(place.page_bytes));
        // A slot whose generations are used up is never given out again.
        if let Some(generation) = slot.generation.checked_add(1) {
            slot.generation = generation;
            self.free.push(page.index);
        }
        Ok(())
    }

    fn out_of_memory(&self, words: u32) -> GpuError {
        let budget_bytes = u64::from(self.slab_count_max) * u64::from(self.slab_words) * 4;
        GpuError::OutOfMemory { need_bytes: u64::from(words) * 4, budget_bytes }
    }
}

impl Place {
    /// Returns how many words of four bytes the page's bytes touch.
    #[must_use]
    pub const fn word_count(&self) -> u32 {
        self.page_bytes.div_ceil(4)
    }

    pub(crate) const fn start(&self) -> (u32, u32) {
        (self.slab, self.first_word)
    }
}

impl fmt::Debug for PageHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot:{}.{}", self.index, self.generation)
    }
}

/// Returns how long the slot of a page of so many bytes is, in bytes.
pub(crate) fn slot_bytes(page_bytes: u32) -> u32 {
    class_words(page_bytes) * 4
}

/// The words of a slot for a page of so many bytes: slots grow in steps of a quarter of the power of two below.
fn class_words(page_bytes: u32) -> u32 {
    let words = page_bytes.div_ceil(4).max(1);
    let step = (words.next_power_of_two() / 8).max(SLOT_WORDS);
    words.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_whose_generations_are_used_up_rests_for_good() {
        let mut slabs = Slabs::new(4096, 4096);
        slabs.add_slab();
        slabs.take(&[256]).unwrap();
        slabs.slots[0].generation = u32::MAX;
        let last = PageHandle { index: 0, generation: u32::MAX };
        slabs.free(last).unwrap();
        assert_eq!(slabs.place(last), None);
        assert_eq!(format!("{:?}", slabs.take(&[256]).unwrap()), "([slot:1.0], true)");
    }
}
