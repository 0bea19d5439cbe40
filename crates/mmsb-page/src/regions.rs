//! Growable zeroed memory that never moves: a list of anonymous mappings, each twice the one before.
//!
//! Region `k` holds the units `[(first << k) - first, (first << (k + 1)) - first)`, so one count of
//! leading zeros finds a unit. A region is mapped when first needed, alone, and unmapped only when the
//! whole is dropped: growth needs no reclamation, and a reader never sees memory vanish.
//!
//! Invariant: a non-null root is the start of `unit_count(k) * unit_bytes` bytes that were zeroed at
//! birth, are aligned to 64, and stay valid for reads and writes until drop; nobody else frees them.

use std::{io, ptr::NonNull};

use crate::{
    StoreError,
    sync::{AtomicPtr, Mutex, Ordering, lock, owned},
};

/// Roots of one list; the largest index is far below what they could hold.
pub(crate) const ROOT_COUNT: usize = 32;
/// Places for roots: one for each power of two, so that no unit, however large, is out of bounds.
const LOG2_COUNT: usize = u64::BITS as usize;
/// Regions at least this large are worth huge pages; smaller ones would waste most of one.
const HUGE_ABOVE_BYTES: usize = 8 << 20;

/// Whether a region should be backed by huge pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HugePages {
    /// It will be filled: ask the kernel for them.
    Ask,
    /// It will be touched here and there: one byte must not cost two megabytes.
    Refuse,
}

/// Where a unit lies: its region's start and unit count, and its index there.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The region's first byte.
    pub(crate) start: NonNull<u8>,
    /// How many units the region holds.
    pub(crate) unit_count: usize,
    /// The unit's index in the region, below `unit_count`.
    pub(crate) index: usize,
}

/// Zeroed memory addressed by unit; see the file's head. The first region holds `1 << FIRST_LOG2` units
/// of `UNIT_BYTES`; constants, because finding a unit is on every path.
pub(crate) struct Regions<const FIRST_LOG2: u32, const UNIT_BYTES: usize> {
    /// That of region `k` stands at `FIRST_LOG2 + k`; the others are always null.
    roots: [AtomicPtr<u8>; LOG2_COUNT],
    /// Bytes mapped so far; holding the mutex is the right to map more.
    growing: Mutex<u64>,
}

impl<const FIRST_LOG2: u32, const UNIT_BYTES: usize> Regions<FIRST_LOG2, UNIT_BYTES> {
    const HAS_ROOTS: () = assert!(FIRST_LOG2 as usize + ROOT_COUNT <= LOG2_COUNT);

    /// Makes an empty list.
    pub(crate) fn new() -> Self {
        let () = Self::HAS_ROOTS;
        let roots = std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut()));
        Self { roots, growing: Mutex::new(0) }
    }

    /// Returns where the unit lies, or `None` if its region is not mapped.
    #[inline]
    pub(crate) fn place(&self, unit: u64) -> Option<Place> {
        // A sum that wraps around is small, and finds no root; the bit set has a logarithm in any case.
        let shifted = unit.wrapping_add(1 << FIRST_LOG2);
        let log2 = (shifted | 1).ilog2();
        let start = NonNull::new(self.roots[log2 as usize].load(Ordering::Acquire))?;
        Some(Place { start, unit_count: 1 << log2, index: (shifted ^ (1 << log2)) as usize })
    }

    /// Maps the region that holds the unit, if it is not there yet.
    ///
    /// # Errors
    /// [`StoreError::OutOfMemory`] if the system refuses, or past the last region.
    pub(crate) fn ensure(&self, unit: u64, huge: HugePages) -> Result<(), StoreError> {
        let (region, _) = self.split(unit);
        let root = self.root(region).ok_or_else(|| out_of_memory(u64::MAX, too_large()))?;
        if !root.load(Ordering::Acquire).is_null() {
            return Ok(());
        }
        let mut mapped = lock(&self.growing);
        if !root.load(Ordering::Relaxed).is_null() {
            return Ok(());
        }
        let bytes = self.region_bytes(region).ok_or_else(|| out_of_memory(u64::MAX, too_large()))?;
        let start = map(bytes, huge).map_err(|source| out_of_memory(bytes as u64, source))?;
        root.store(start.as_ptr(), Ordering::Release);
        *mapped += bytes as u64;
        Ok(())
    }

    /// Returns the bytes mapped so far; most may never have been touched.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        *lock(&self.growing)
    }

    /// Gives `bytes` of memory from a byte of the unit's region on back to the system; they read as zero from
    /// now on. False, and nothing changed, if that cannot be done.
    ///
    /// # Panics
    /// If the range is not in the region that holds the unit.
    ///
    /// # Safety
    /// Until this returns nobody reads the bytes plainly, and nobody stores to them.
    pub(crate) unsafe fn give_back(&self, unit: u64, from: usize, bytes: usize) -> bool {
        let Some(place) = self.place(unit) else { return false };
        assert!(from + bytes <= place.unit_count * UNIT_BYTES, "{bytes} bytes from {from} pass the region");
        // SAFETY: checked above: in the region.
        let start = unsafe { place.start.byte_add(from) };
        // SAFETY: the range lies in one mapping; the rest is the caller's promise.
        unsafe { forget(start, bytes) }
    }

    /// Returns the unit that begins at the address, or `None` if none does in any region.
    ///
    /// # Cost
    /// A look at every region.
    pub(crate) fn find(&self, address: usize) -> Option<u64> {
        (0..ROOT_COUNT).find_map(|region| {
            let (unit, _) = self.bounds(region);
            let offset = address.checked_sub(self.place(unit)?.start.as_ptr().addr())?;
            let is_unit = offset.is_multiple_of(UNIT_BYTES) && offset / UNIT_BYTES < self.unit_count(region);
            is_unit.then(|| unit + (offset / UNIT_BYTES) as u64)
        })
    }

    /// Returns the units `[start, end)` of a region, mapped or not.
    pub(crate) fn bounds(&self, region: usize) -> (u64, u64) {
        let first = 1u64 << FIRST_LOG2;
        ((first << region) - first, (first << (region + 1)) - first)
    }

    /// Returns the region that holds the unit, and the unit's index there; [`ROOT_COUNT`] or more, if none
    /// ever can.
    pub(crate) fn split(&self, unit: u64) -> (usize, usize) {
        let Some(shifted) = unit.checked_add(1 << FIRST_LOG2) else { return (ROOT_COUNT, 0) };
        let log2 = shifted.ilog2() as usize;
        (log2 - FIRST_LOG2 as usize, (shifted - (1 << log2)) as usize)
    }

    fn root(&self, region: usize) -> Option<&AtomicPtr<u8>> {
        (region < ROOT_COUNT).then(|| &self.roots[FIRST_LOG2 as usize + region])
    }

    fn unit_count(&self, region: usize) -> usize {
        1 << (FIRST_LOG2 + region as u32)
    }

    fn region_bytes(&self, region: usize) -> Option<usize> {
        self.unit_count(region).checked_mul(UNIT_BYTES).filter(|&bytes| isize::try_from(bytes).is_ok())
    }
}

impl<const FIRST_LOG2: u32, const UNIT_BYTES: usize> Drop for Regions<FIRST_LOG2, UNIT_BYTES> {
    fn drop(&mut self) {
        for region in 0..ROOT_COUNT {
            let start = NonNull::new(owned(&mut self.roots[FIRST_LOG2 as usize + region]));
            if let (Some(start), Some(bytes)) = (start, self.region_bytes(region)) {
                // SAFETY: the type invariant: mapped with this length, and `&mut self` proves that no
                // borrow of it is left.
                unsafe { unmap(start, bytes) };
            }
        }
    }
}

fn out_of_memory(bytes: u64, source: io::Error) -> StoreError {
    StoreError::OutOfMemory { bytes, source }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::OutOfMemory, "past the last region")
}

#[cfg(not(miri))]
fn map(bytes: usize, huge: HugePages) -> io::Result<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // A region is mapped long before it is filled: no swap is set aside for it.
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a null hint lets the kernel choose fresh addresses; nothing existing is replaced.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, access, flags) }?;
    let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
    if bytes >= HUGE_ABOVE_BYTES {
        advise(start, bytes, huge);
    }
    Ok(start)
}

#[cfg(all(not(miri), target_os = "linux"))]
fn advise(start: NonNull<u8>, bytes: usize, huge: HugePages) {
    use rustix::mm::{Advice, madvise};
    let advice = match huge {
        HugePages::Ask => Advice::LinuxHugepage,
        HugePages::Refuse => Advice::LinuxNoHugepage,
    };
    // SAFETY: the range is the mapping just made; both advices change no byte.
    let result = unsafe { madvise(start.as_ptr().cast(), bytes, advice) };
    // A kernel without huge pages refuses; ordinary pages do as well.
    let _ = result;
}

/// # Safety
/// The range is mapped, and until this returns nobody reads it plainly or stores to it.
#[cfg(all(not(miri), not(loom), target_os = "linux"))]
unsafe fn forget(start: NonNull<u8>, bytes: usize) -> bool {
    use rustix::mm::{Advice, madvise};
    // SAFETY: the caller's promise. Private memory that is given back reads as zero; the kernel refuses a
    // range that does not begin with one of its pages, and changes nothing.
    unsafe { madvise(start.as_ptr().cast(), bytes, Advice::LinuxDontNeed) }.is_ok()
}

/// Other systems promise no zeros.
#[cfg(any(miri, loom, not(target_os = "linux")))]
unsafe fn forget(_start: NonNull<u8>, _bytes: usize) -> bool {
    false
}

#[cfg(all(not(miri), not(target_os = "linux")))]
fn advise(_start: NonNull<u8>, _bytes: usize, _huge: HugePages) {}

/// # Safety
/// `start` came from `map(bytes, _)`, and nothing refers to the memory any more.
#[cfg(not(miri))]
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise: a whole mapping, unused.
    let result = unsafe { rustix::mm::munmap(start.as_ptr().cast(), bytes) };
    debug_assert!(result.is_ok(), "unmapping a region: {result:?}");
}

/// Miri has no mappings: zeroed heap memory with the same promises.
#[cfg(miri)]
fn map(bytes: usize, _huge: HugePages) -> io::Result<NonNull<u8>> {
    let _ = HUGE_ABOVE_BYTES;
    // SAFETY: every region has at least one unit, so the layout is not empty.
    let start = unsafe { std::alloc::alloc_zeroed(layout(bytes)) };
    NonNull::new(start).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// # Safety
/// `start` came from `map(bytes, _)`, and nothing refers to the memory any more.
#[cfg(miri)]
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise: allocated with this layout, unused.
    unsafe { std::alloc::dealloc(start.as_ptr(), layout(bytes)) };
}

#[cfg(miri)]
fn layout(bytes: usize) -> std::alloc::Layout {
    std::alloc::Layout::from_size_align(bytes, 64).expect("a region's size fits")
}
