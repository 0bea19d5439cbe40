//! The memory of pre-images: a number of chunks that may grow up to a cap, free ones on a list.
//!
//! Invariant: a chunk is free, or held by one stash, or sealed: full, and only read until it is reclaimed.
//! Its state says which. Chunks are touched as relaxed atomic words only, because a reader may still look
//! at one that is being written again (it finds out by the counter of reclaims).

use crate::{
    regions::{HugePages, Regions},
    sync::{AtomicU32, AtomicU64, Mutex, Ordering, lock},
};

/// Words of a chunk; small where every word is interpreted, or a model's.
pub(super) const CHUNK_WORDS: usize = if cfg!(miri) {
    64
} else if cfg!(loom) {
    17
} else {
    8192
};
/// Bytes of a chunk.
pub(crate) const CHUNK_BYTES: usize = CHUNK_WORDS * size_of::<u64>();
/// The first region's chunks.
const FIRST_LOG2: u32 = 2;
/// Chunks whose every word a link can name.
const COUNT_MAX: u64 = (1 << 32) / CHUNK_WORDS as u64 - 1;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// The chunks; see the file's head.
pub(crate) struct Chunks {
    regions: Regions<FIRST_LOG2, CHUNK_BYTES>,
    /// One for each chunk that there may ever be.
    marks: Box<[Mark]>,
    /// How many chunks there are. Stored under the mutex only.
    count: AtomicU32,
    free: Mutex<Free>,
    /// Free chunks, for those who need no exact figure.
    free_count: AtomicU32,
    /// The next chunk to look at for reclaiming; only touched by the holder of the pins' book.
    pub(super) hand: AtomicU32,
}

/// What is known of one chunk.
struct Mark {
    /// FREE, HELD, or of a sealed chunk the number of words that hold records.
    state: AtomicU32,
    /// The next chunk of the list this one is on, plus one; 0 ends it.
    next: AtomicU32,
    /// Up to here a sealed chunk's records are dead and unlinked; only touched by the holder of the book.
    swept: AtomicU32,
}

/// Free chunks: those given back, the last one first, then those never used.
struct Free {
    first: u32,
    unused: u32,
}

impl Chunks {
    /// Makes `count` chunks that may [grow](Chunks::grow) to `count_max`, if that is more, but to no more than links can
    /// name; maps no memory yet.
    pub(super) fn new(count: u64, count_max: u64) -> Self {
        let count_max = count_max.max(count).min(COUNT_MAX);
        let word = || AtomicU32::new(0);
        let marks = (0..count_max).map(|_| Mark { state: word(), next: word(), swept: word() }).collect();
        let free = Mutex::new(Free { first: 0, unused: 0 });
        let [count, free_count] = [(); 2].map(|()| AtomicU32::new(count.min(count_max) as u32));
        Self { regions: Regions::new(), marks, count, free, free_count, hand: word() }
    }

    /// Returns how many chunks there may ever be.
    pub(super) fn count_max(&self) -> u64 {
        self.marks.len() as u64
    }

    /// Returns how many chunks there are, free or not.
    pub(super) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Makes chunks until there are `count`, or as many as there may be; they map no memory before they are taken.
    pub(super) fn grow(&self, count: u64) {
        let count = count.min(self.count_max()) as u32;
        if count > self.count() {
            let _free = lock(&self.free);
            let more = count.saturating_sub(self.count());
            self.count.store(self.count() + more, Ordering::Relaxed);
            self.free_count.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Returns about how many are free.
    pub(super) fn free_count(&self) -> u32 {
        self.free_count.load(Ordering::Relaxed)
    }

    /// Returns how many were ever handed out.
    pub(super) fn touched_count(&self) -> u32 {
        lock(&self.free).unused
    }

    /// Takes a free chunk that was used before, for a stash; `None` if there is none.
    pub(super) fn take_used(&self) -> Option<u32> {
        let mut free = lock(&self.free);
        let chunk = free.first.checked_sub(1)?;
        free.first = self.next(chunk);
        Some(self.taken(chunk))
    }

    /// Takes a chunk that was never used, for a stash; `None` if there is none, or the system gives no memory for
    /// it.
    ///
    /// # Cost
    /// Whoever writes to it first waits for the system to clear its memory: longer than a page takes to save.
    pub(super) fn take_new(&self) -> Option<u32> {
        let mut free = lock(&self.free);
        let chunk = Some(free.unused).filter(|&chunk| chunk < self.count())?;
        if self.regions.ensure(chunk.into(), HugePages::Ask).is_err() {
            // What the system has no memory for is no chunk: nobody is to wait for it.
            self.free_count.fetch_sub(self.count() - chunk, Ordering::Relaxed);
            self.count.store(chunk, Ordering::Relaxed);
            return None;
        }
        free.unused += 1;
        Some(self.taken(chunk))
    }

    fn taken(&self, chunk: u32) -> u32 {
        self.free_count.fetch_sub(1, Ordering::Relaxed);
        self.mark(chunk).state.store(HELD, Ordering::Relaxed);
        chunk
    }

    /// Puts a chunk on the free list. The mutex hands all that its last owner did to the next one.
    pub(super) fn give(&self, chunk: u32) {
        let mut free = lock(&self.free);
        self.mark(chunk).state.store(FREE, Ordering::Relaxed);
        self.set_next(chunk, free.first);
        free.first = chunk + 1;
        self.free_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes a held chunk, whose records are complete and linked: it may be reclaimed from now on.
    pub(super) fn seal(&self, chunk: u32, used: usize) {
        self.mark(chunk).swept.store(0, Ordering::Relaxed);
        self.mark(chunk).state.store(used as u32, Ordering::Release);
    }

    /// Returns how many words of a sealed chunk hold records; `None` if it is not sealed.
    pub(super) fn sealed(&self, chunk: u32) -> Option<usize> {
        let state = self.mark(chunk).state.load(Ordering::Acquire);
        (state > HELD).then_some(state as usize)
    }

    /// Tells whether a link leads into a chunk on the free list, or nowhere.
    pub(super) fn is_free_at(&self, link: u32) -> bool {
        let mark = link.checked_sub(1).and_then(|word| self.marks.get(word as usize / CHUNK_WORDS));
        mark.is_none_or(|mark| mark.state.load(Ordering::Relaxed) == FREE)
    }

    /// Returns up to where a sealed chunk was swept.
    pub(super) fn swept(&self, chunk: u32) -> &AtomicU32 {
        &self.mark(chunk).swept
    }

    /// Returns the chunk that follows on the same list, plus one; 0 for none.
    pub(super) fn next(&self, chunk: u32) -> u32 {
        self.mark(chunk).next.load(Ordering::Relaxed)
    }

    /// Sets the chunk that follows, plus one.
    pub(super) fn set_next(&self, chunk: u32, next: u32) {
        self.mark(chunk).next.store(next, Ordering::Relaxed);
    }

    /// Returns a chunk's words, or `None` if it never had any.
    pub(super) fn words(&self, chunk: u32) -> Option<&[AtomicU64]> {
        let place = self.regions.place(chunk.into()).filter(|_| (chunk as usize) < self.marks.len())?;
        // SAFETY: `index` is below the region's unit count, and a unit is a chunk.
        let first = unsafe { place.start.add(place.index * CHUNK_BYTES) };
        // SAFETY: one unit of a mapped region: valid, initialized and aligned to 64 as long as `self`; all
        // touch it as atomics only.
        Some(unsafe { std::slice::from_raw_parts(first.cast().as_ptr(), CHUNK_WORDS) })
    }

    fn mark(&self, chunk: u32) -> &Mark {
        &self.marks[chunk as usize]
    }
}
