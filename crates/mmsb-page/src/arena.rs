//! Where page memory comes from: zeroed slots of 68 sizes, aligned to 64 bytes, never moved.
//!
//! A class first reuses its freed slots, then takes the next one of its run. A run is a batch of
//! neighbouring slots (64 KiB for small classes), so that pages born together lie together; it is cut
//! from the first region with room. Freeing is one lock-free push onto the class's list, linked
//! through the first words of the free slots: it needs no memory, so it cannot fail after a commit's
//! point of no return. Popping happens under the class's mutex, by one thread at a time, which is why
//! a compare-and-swap of the head is enough (an entry cannot leave and come back in between).
//!
//! Invariant: a slot is either in its class's unused run, or on its free list, or owned by exactly one
//! page or newborn page; slots never overlap; an owned slot was all zero when its owner got it.

use std::{ops::Range, ptr::NonNull};

use crate::{
    StoreError,
    class::{CLASS_COUNT, SizeClass, UNIT_BYTES},
    directory::{Slot, UNIT_MAX},
    regions::{HugePages, Place, ROOT_COUNT, Regions},
    sync::{AtomicU64, Fault, Mutex, Ordering, fence_unless, lock},
    words::Words,
};

/// The first region's units: 2 MiB, and less where every byte is interpreted.
const FIRST_LOG2: u32 = if cfg!(miri) { 10 } else { 15 };
/// Regions that end within what a directory word can address.
const REGION_COUNT: usize = (UNIT_MAX.ilog2() - FIRST_LOG2) as usize;
/// Units of a run; a class of larger slots takes one slot at a time.
const RUN_UNITS: u64 = 1024;
/// Words of a unit.
const UNIT_WORDS: usize = UNIT_BYTES / size_of::<u64>();

const _: () = assert!(REGION_COUNT <= ROOT_COUNT);

/// The arena; see the file's head.
pub(crate) struct Arena {
    regions: Regions<FIRST_LOG2, UNIT_BYTES>,
    /// Units cut from each region so far.
    cut: Mutex<[u64; REGION_COUNT]>,
    classes: [Pool; CLASS_COUNT],
    free_bytes: AtomicU64,
}

/// One class's slots without an owner.
struct Pool {
    /// The newest free slot's unit plus one; 0 for none.
    free: AtomicU64,
    /// Units never owned yet; holding the mutex also is the right to pop.
    run: Mutex<Range<u64>>,
}

/// What is wrong with a free list: the class, and the unit that a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadLink {
    /// Bytes of the class's slots.
    pub(crate) slot_bytes: usize,
    /// Where the link leads, in units.
    pub(crate) unit: u64,
}

impl Arena {
    /// Makes an arena that has mapped nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            regions: Regions::new(),
            cut: Mutex::new([0; REGION_COUNT]),
            classes: std::array::from_fn(|_| Pool { free: AtomicU64::new(0), run: Mutex::new(0..0) }),
            free_bytes: AtomicU64::new(0),
        }
    }

    /// Hands out a zeroed slot, which the caller now owns.
    ///
    /// # Errors
    /// [`StoreError::OutOfMemory`] if no memory is left.
    pub(crate) fn allocate(&self, class: SizeClass) -> Result<Slot, StoreError> {
        let pool = &self.classes[class.index()];
        let mut run = lock(&pool.run);
        if let Some(unit) = self.pop(pool, class) {
            drop(run);
            return Ok(self.reuse(Slot { unit, class }));
        }
        if run.is_empty() {
            *run = self.cut_run(class)?;
        }
        let unit = run.start;
        run.start += class.units();
        Ok(Slot { unit, class })
    }

    /// Takes back a slot from its owner. Readers that found it before may still look at it; they will
    /// see their page's words changed.
    ///
    /// # Cost
    /// A few stores; no allocation, lock or system call.
    pub(crate) fn free(&self, slot: Slot, words: Words<'_>) {
        // A reader that sees the link must also see that its page is gone: this fence pairs with the
        // reader's fence after its copy.
        fence_unless(Fault::ReuseFence, Ordering::Release);
        let head = &self.classes[slot.class.index()].free;
        let mut next = head.load(Ordering::Relaxed);
        loop {
            words.first().store(next, Ordering::Relaxed);
            match head.compare_exchange_weak(next, slot.unit + 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => break,
                Err(newer) => next = newer,
            }
        }
        self.free_bytes.fetch_add(slot.class.bytes() as u64, Ordering::Relaxed);
    }

    /// Returns a slot's words.
    ///
    /// # Panics
    /// If the slot is none of this arena's.
    #[inline]
    pub(crate) fn words(&self, slot: Slot) -> Words<'_> {
        let place = self.regions.place(slot.unit).expect("a slot lies in a mapped region");
        let units = slot.class.units() as usize;
        assert!(units <= place.unit_count - place.index, "a slot ends in its region");
        // SAFETY: `index` is below the region's unit count, so the result is inside the region.
        let first = unsafe { place.start.add(place.index * UNIT_BYTES) };
        // SAFETY: checked above: the slot lies in one mapped region, which stays valid, initialized and
        // aligned to 64 as long as `self`; everyone touches it as atomics, or plainly while alone.
        Words::new(unsafe { std::slice::from_raw_parts(first.cast().as_ptr(), units * UNIT_WORDS) })
    }

    /// Returns the address of a slot's first byte, or `None` if its region is not mapped.
    #[inline]
    pub(crate) fn start(&self, slot: Slot) -> Option<NonNull<u8>> {
        let Place { start, index, .. } = self.regions.place(slot.unit)?;
        // SAFETY: `index` is below the region's unit count, so the result is inside the region.
        Some(unsafe { start.add(index * UNIT_BYTES) })
    }

    /// Returns the bytes mapped, touched or not.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        self.regions.mapped_bytes()
    }

    /// Returns the bytes of freed slots that wait for reuse.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// Tells whether a slot of this class could start at the unit: inside what was cut from a region.
    pub(crate) fn has_cut(&self, slot: Slot) -> bool {
        let (region, index) = self.regions.split(slot.unit);
        lock(&self.cut).get(region).is_some_and(|&cut| index as u64 + slot.class.units() <= cut)
    }

    /// Returns every slot on a free list, and every list that leads astray.
    pub(crate) fn free_slots(&self) -> (Vec<Slot>, Vec<BadLink>) {
        let (mut slots, mut bad) = (Vec::new(), Vec::new());
        let classes = (0..CLASS_COUNT).filter_map(SizeClass::from_index);
        classes.for_each(|class| bad.extend(self.walk(class, &mut slots).err()));
        (slots, bad)
    }

    /// Returns the bytes of slots cut from the regions that have had an owner: those outside the runs.
    pub(crate) fn issued_bytes(&self) -> u64 {
        // Runs first: a run cut meanwhile only makes the sum larger.
        let in_runs = |pool: &Pool| {
            let run = lock(&pool.run);
            run.end - run.start
        };
        let unused: u64 = self.classes.iter().map(in_runs).sum();
        (lock(&self.cut).iter().sum::<u64>() - unused) * UNIT_BYTES as u64
    }

    fn walk(&self, class: SizeClass, slots: &mut Vec<Slot>) -> Result<(), BadLink> {
        let pool = &self.classes[class.index()];
        let _popping = lock(&pool.run);
        // A list can be no longer than what was ever cut; a longer one is a ring.
        let mut steps_left = lock(&self.cut).iter().sum::<u64>() / class.units();
        let mut link = pool.free.load(Ordering::Acquire);
        while let Some(unit) = link.checked_sub(1) {
            let slot = Slot { unit, class };
            if steps_left == 0 || !self.has_cut(slot) {
                return Err(BadLink { slot_bytes: class.bytes(), unit });
            }
            steps_left -= 1;
            slots.push(slot);
            link = self.words(slot).first().load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Takes the newest free slot; the caller holds the pool's mutex.
    fn pop(&self, pool: &Pool, class: SizeClass) -> Option<u64> {
        let mut head = pool.free.load(Ordering::Acquire);
        loop {
            let unit = head.checked_sub(1)?;
            let next = self.words(Slot { unit, class }).first().load(Ordering::Relaxed);
            match pool.free.compare_exchange_weak(head, next, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Some(unit),
                Err(newer) => head = newer,
            }
        }
    }

    fn reuse(&self, slot: Slot) -> Slot {
        self.free_bytes.fetch_sub(slot.class.bytes() as u64, Ordering::Relaxed);
        // As in `free`: a reader that sees the new owner's words must see that the old page is gone.
        fence_unless(Fault::ReuseFence, Ordering::Release);
        self.words(slot).clear();
        slot
    }

    fn cut_run(&self, class: SizeClass) -> Result<Range<u64>, StoreError> {
        let units = class.units();
        let wanted = (RUN_UNITS / units).max(1) * units;
        let mut cut = lock(&self.cut);
        for (region, cut) in cut.iter_mut().enumerate() {
            let (start, end) = self.regions.bounds(region);
            let room = (end - start - *cut) / units * units;
            if room > 0 {
                self.regions.ensure(start, HugePages::Ask)?;
                let (first, taken) = (start + *cut, wanted.min(room));
                *cut += taken;
                return Ok(first..first + taken);
            }
        }
        Err(StoreError::OutOfMemory {
            bytes: wanted * UNIT_BYTES as u64,
            source: std::io::Error::new(std::io::ErrorKind::OutOfMemory, "all 16 TiB of slots are cut"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;
    use crate::class::SizeClass;

    #[test]
    fn a_freed_slot_comes_back_zeroed_and_the_newest_first() {
        let arena = Arena::new();
        let class = SizeClass::of(200);
        let slots: Vec<_> = (0..3).map(|_| arena.allocate(class).unwrap()).collect();
        for &slot in &slots {
            arena.words(slot).fill(0, class.bytes(), 0xee);
            arena.free(slot, arena.words(slot));
        }
        assert_eq!(arena.free_bytes(), 3 * class.bytes() as u64);
        for &slot in slots.iter().rev() {
            assert_eq!(arena.allocate(class).unwrap(), slot);
            assert_eq!(arena.words(slot).first_nonzero(0), None);
        }
        assert_eq!(arena.free_bytes(), 0);
    }

    #[test]
    fn a_slot_too_large_for_the_rest_of_a_region_leaves_it_to_others() {
        let arena = Arena::new();
        let large = arena.allocate(SizeClass::of(16 << 20)).unwrap();
        let small = arena.allocate(SizeClass::of(64)).unwrap();
        assert!(small.unit < large.unit, "{small:?} {large:?}");
        assert!(arena.has_cut(large) && arena.has_cut(small));
    }

    #[test]
    fn a_link_astray_and_a_ring_are_found() {
        let arena = Arena::new();
        let class = SizeClass::of(64);
        let slot = arena.allocate(class).unwrap();
        arena.free(slot, arena.words(slot));
        assert_eq!(arena.free_slots(), (vec![slot], vec![]));
        arena.words(slot).first().store(1 << 30, super::Ordering::Relaxed);
        assert_eq!(arena.free_slots().1.len(), 1);
        arena.words(slot).first().store(slot.unit + 1, super::Ordering::Relaxed);
        assert_eq!(arena.free_slots().1.len(), 1);
    }
}
