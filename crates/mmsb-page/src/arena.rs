//! Where page memory comes from: zeroed slots of 112 sizes, aligned to 64 bytes, never moved.
//!
//! A class first reuses its freed slots, then takes the next one of its run. A run is a batch of
//! neighbouring slots (64 KiB for small classes), so that pages born together lie together; it is cut
//! from the first region with room. Freeing is one lock-free push onto the class's list, linked
//! through the first words of the free slots: it needs no memory, so it cannot fail after a commit's
//! point of no return. Popping happens under the class's mutex, by one thread at a time, which is why
//! a compare-and-swap of the head is enough (an entry cannot leave and come back in between).
//!
//! Free slots of the larger classes may go bare, their memory given back; see `arena/spare.rs`.
//!
//! Invariant: a slot is either in its class's unused run, or on one of its lists, or owned by exactly one
//! page or newborn page; slots never overlap; an owned slot was all zero when its owner got it.
//!
//! Slots are addresses, from the free lists to the directory words: what is known of a region is needed to
//! cut it, and to check.

pub(crate) mod spare;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::{
    StoreError,
    class::{CLASS_COUNT, SizeClass, UNIT_BYTES},
    directory::{ADDRESS_MAX, Slot},
    regions::{HugePages, ROOT_COUNT, Regions},
    sync::{AtomicU64, Fault, Mutex, MutexGuard, Ordering, fence_unless, lock},
    words::Words,
};

/// The first region's units: 2 MiB, and less where every byte is interpreted.
const FIRST_LOG2: u32 = if cfg!(miri) { 10 } else { 15 };
/// Regions of 16 TiB together.
const REGION_COUNT: usize = (38 - FIRST_LOG2) as usize;
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
    /// Most bytes that are cut from all of them.
    bytes_max: u64,
    /// One of each class; on the heap, because they are too many for a small stack.
    classes: Box<[Pool]>,
    /// Bytes of all free slots.
    free_bytes: AtomicU64,
    /// Those of large ones that are not bare.
    spare_bytes: AtomicU64,
    /// Bytes inside bare ones.
    bare_bytes: AtomicU64,
    /// Holding the mutex is the right to make slots bare; true if the system refused.
    trimming: Mutex<bool>,
}

/// One class's slots without an owner.
struct Pool {
    /// The newest free slot's address; 0 for none.
    free: AtomicU64,
    /// Bytes of the slots on this list; counted for large ones only.
    free_bytes: AtomicU64,
    /// Holding the mutex also is the right to pop.
    unused: Mutex<Unused>,
}

/// A class's slots that take no memory.
struct Unused {
    /// Addresses of slots never owned yet.
    run: Range<u64>,
    /// The newest bare slot's address; 0 for none.
    bare: u64,
}

/// The slots on free lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FreeSlots {
    /// Those that have their memory.
    pub(crate) spare: Vec<Slot>,
    /// Those whose memory was given back.
    pub(crate) bare: Vec<Slot>,
    /// Lists that lead astray.
    pub(crate) bad: Vec<BadLink>,
}

/// What is wrong with a free list: the class, and where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadLink {
    /// Bytes of the class's slots.
    pub(crate) slot_bytes: usize,
    /// Where the link leads.
    pub(crate) address: u64,
}

impl Arena {
    /// Makes an arena that has mapped nothing yet, for slots of so many bytes all in all.
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self {
            regions: Regions::new(),
            cut: Mutex::new([0; REGION_COUNT]),
            bytes_max,
            classes: (0..CLASS_COUNT).map(|_| Pool::new()).collect(),
            free_bytes: AtomicU64::new(0),
            spare_bytes: AtomicU64::new(0),
            bare_bytes: AtomicU64::new(0),
            trimming: Mutex::new(false),
        }
    }

    /// Hands out a zeroed slot, which the caller now owns.
    ///
    /// # Errors
    /// [`StoreError::OutOfMemory`] if no memory is left.
    pub(crate) fn allocate(&self, class: SizeClass) -> Result<Slot, StoreError> {
        let pool = &self.classes[class.index()];
        let mut unused = lock(&pool.unused);
        if let Some(slot) = self.pop(pool, class, &unused) {
            drop(unused);
            return Ok(self.reuse(slot, false));
        }
        if let Some(slot) = self.pop_bare(&mut unused.bare, class) {
            drop(unused);
            return Ok(self.reuse(slot, true));
        }
        if unused.run.is_empty() {
            unused.run = self.cut_run(class)?;
        }
        let address = unused.run.start;
        unused.run.start += class.bytes() as u64;
        // SAFETY: runs are cut from regions whose provenance was exposed, each for one class, and each
        // address is handed out once.
        Ok(unsafe { Slot::new(address, class) })
    }

    /// Takes back a slot from its owner. Readers that found it before may still look at it; they will
    /// see their page's words changed.
    ///
    /// # Cost
    /// A few stores; no allocation, lock or system call.
    pub(crate) fn free(&self, slot: Slot, words: Words<'_>) {
        self.free_bytes.fetch_add(slot.class.bytes() as u64, Ordering::Relaxed);
        self.push(slot, words);
    }

    /// Returns the words of a slot, which is one of this arena's.
    #[inline]
    pub(crate) fn words(&self, slot: Slot) -> Words<'_> {
        let count = slot.class.units() as usize * UNIT_WORDS;
        // SAFETY: the invariant of slots: initialized memory, aligned to 64, of that length, that stays as long
        // as the arena, here `self`; everyone touches it as atomics, or plainly while alone.
        Words::new(unsafe { std::slice::from_raw_parts(slot.start().cast().as_ptr(), count) })
    }

    /// Returns the bytes mapped, touched or not.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        self.regions.mapped_bytes()
    }

    /// Returns the bytes of freed slots that wait for reuse.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// Returns the unit that the address begins, if a region holds it.
    pub(crate) fn unit(&self, address: u64) -> Option<u64> {
        self.regions.find(address as usize)
    }

    /// Tells whether a slot of this class could start at the address: inside what was cut from a region.
    pub(crate) fn has_cut(&self, address: u64, class: SizeClass) -> bool {
        let Some(unit) = self.unit(address) else { return false };
        let (region, index) = self.regions.split(unit);
        lock(&self.cut).get(region).is_some_and(|&cut| index as u64 + class.units() <= cut)
    }

    /// Returns every slot on a free list, and every list that leads astray.
    pub(crate) fn free_slots(&self) -> FreeSlots {
        let mut found = FreeSlots::default();
        for class in (0..CLASS_COUNT).filter_map(SizeClass::from_index) {
            let pool = &self.classes[class.index()];
            let unused = lock(&pool.unused);
            let spare = self.walk(class, pool.free.load(Ordering::Acquire), &mut found.spare);
            let bare = self.walk(class, unused.bare, &mut found.bare);
            found.bad.extend(spare.err().into_iter().chain(bare.err()));
        }
        found
    }

    /// Returns the bytes of slots cut from the regions that have had an owner: those outside the runs.
    pub(crate) fn issued_bytes(&self) -> u64 {
        // Runs first: a run cut meanwhile only makes the sum larger.
        let in_runs = |pool: &Pool| {
            let unused = lock(&pool.unused);
            unused.run.end - unused.run.start
        };
        let unused: u64 = self.classes.iter().map(in_runs).sum();
        lock(&self.cut).iter().sum::<u64>() * UNIT_BYTES as u64 - unused
    }

    /// Follows a list; nobody pops from it meanwhile.
    fn walk(&self, class: SizeClass, mut link: u64, slots: &mut Vec<Slot>) -> Result<(), BadLink> {
        // A list can be no longer than what was ever cut; a longer one is a ring.
        let mut steps_left = lock(&self.cut).iter().sum::<u64>() / class.units();
        while link != 0 {
            if steps_left == 0 || !self.has_cut(link, class) {
                return Err(BadLink { slot_bytes: class.bytes(), address: link });
            }
            // SAFETY: just checked: cut from a region. (Of another class, maybe, if the list is broken: the bytes
            // are there all the same.)
            let slot = unsafe { Slot::new(link, class) };
            steps_left -= 1;
            slots.push(slot);
            link = self.words(slot).first().load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Counts a slot in or out that may be made bare.
    fn count_spare(&self, pool: &Pool, class: SizeClass, change: fn(&AtomicU64, u64, Ordering) -> u64) {
        if spare::is_large(class) {
            change(&pool.free_bytes, class.bytes() as u64, Ordering::Relaxed);
            change(&self.spare_bytes, class.bytes() as u64, Ordering::Relaxed);
        }
    }

    /// Puts a slot that is on no list onto its class's.
    fn push(&self, slot: Slot, words: Words<'_>) {
        let pool = &self.classes[slot.class.index()];
        self.count_spare(pool, slot.class, AtomicU64::fetch_add);
        // A reader that sees the link must also see that its page is gone: this fence pairs with the
        // reader's fence after its copy.
        fence_unless(Fault::ReuseFence, Ordering::Release);
        let mut next = pool.free.load(Ordering::Relaxed);
        loop {
            words.first().store(next, Ordering::Relaxed);
            match pool.free.compare_exchange_weak(next, slot.address(), Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(newer) => next = newer,
            }
        }
    }

    /// Takes the newest free slot; the caller holds the pool's mutex.
    fn pop(&self, pool: &Pool, class: SizeClass, _right: &MutexGuard<'_, Unused>) -> Option<Slot> {
        let mut head = pool.free.load(Ordering::Acquire);
        while head != 0 {
            // SAFETY: only addresses of slots get into the list of their class: `push` takes slots.
            let slot = unsafe { Slot::new(head, class) };
            let next = self.words(slot).first().load(Ordering::Relaxed);
            match pool.free.compare_exchange_weak(head, next, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => {
                    self.count_spare(pool, class, AtomicU64::fetch_sub);
                    return Some(slot);
                }
                Err(newer) => head = newer,
            }
        }
        None
    }

    fn reuse(&self, slot: Slot, is_bare: bool) -> Slot {
        self.free_bytes.fetch_sub(slot.class.bytes() as u64, Ordering::Relaxed);
        // As in `push`: a reader that sees the new owner's words must see that the old page is gone.
        fence_unless(Fault::ReuseFence, Ordering::Release);
        if is_bare {
            self.clothe(slot)
        } else {
            self.words(slot).clear()
        }
        slot
    }

    /// Cuts neighbouring slots; returns their addresses.
    fn cut_run(&self, class: SizeClass) -> Result<Range<u64>, StoreError> {
        let units = class.units();
        let wanted = (RUN_UNITS / units).max(1) * units;
        let mut cut = lock(&self.cut);
        let cut_bytes = cut.iter().sum::<u64>() * UNIT_BYTES as u64;
        if cut_bytes + units * UNIT_BYTES as u64 > self.bytes_max {
            return Err(out_of_memory(units, "the limit that was set for pages is reached"));
        }
        for (region, cut) in cut.iter_mut().enumerate() {
            let (start, end) = self.regions.bounds(region);
            let room = (end - start - *cut) / units * units;
            if room > 0 {
                let taken = wanted.min(room);
                let first = self.expose(start, end - start)? + *cut * UNIT_BYTES as u64;
                *cut += taken;
                return Ok(first..first + taken * UNIT_BYTES as u64);
            }
        }
        Err(out_of_memory(wanted, "all 16 TiB of slots are cut"))
    }

    /// Maps a region, if it is not there yet, and returns its address; from now on addresses in it are pointers.
    fn expose(&self, unit: u64, units: u64) -> Result<u64, StoreError> {
        self.regions.ensure(unit, HugePages::Ask)?;
        let place = self.regions.place(unit).expect("the region was just mapped");
        let address = place.start.as_ptr().expose_provenance() as u64;
        let fits = address + units * UNIT_BYTES as u64 <= ADDRESS_MAX;
        fits.then_some(address).ok_or_else(|| out_of_memory(units, "no memory below 2^48"))
    }
}

impl Pool {
    fn new() -> Self {
        let (free, free_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { free, free_bytes, unused: Mutex::new(Unused { run: 0..0, bare: 0 }) }
    }
}

fn out_of_memory(units: u64, why: &'static str) -> StoreError {
    let source = std::io::Error::new(std::io::ErrorKind::OutOfMemory, why);
    StoreError::OutOfMemory { bytes: units * UNIT_BYTES as u64, source }
}
